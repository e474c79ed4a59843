mock_provider "aws" {
  mock_resource "aws_s3_bucket" {
    defaults = { id = "images", arn = "arn:aws:s3:::images" }
  }
}

variables {
  bucket        = "images"
  force_destroy = false
}

run "nothing_is_public_or_unencrypted" {
  command = apply
  assert {
    condition = alltrue([
      aws_s3_bucket_public_access_block.this.block_public_acls, aws_s3_bucket_public_access_block.this.block_public_policy,
      aws_s3_bucket_public_access_block.this.ignore_public_acls, aws_s3_bucket_public_access_block.this.restrict_public_buckets,
    ])
    error_message = "all four blocks"
  }
  assert {
    condition     = one(one(aws_s3_bucket_server_side_encryption_configuration.this.rule).apply_server_side_encryption_by_default).sse_algorithm == "AES256"
    error_message = "SSE-S3"
  }
  assert {
    condition     = jsondecode(aws_s3_bucket_policy.tls_only.policy).Statement[0].Condition.Bool["aws:SecureTransport"] == "false"
    error_message = "TLS only"
  }
  assert {
    condition     = length(aws_s3_bucket_cors_configuration.direct_uploads) == 0 && !aws_s3_bucket.this.force_destroy
    error_message = "no page may upload, and images are kept"
  }
}

run "a_key_and_origins_are_used_when_given" {
  command = apply
  variables {
    kms_key_arn    = "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-0000-0000-000000000000"
    upload_origins = ["https://shop.example"]
  }
  assert {
    condition     = one(one(aws_s3_bucket_server_side_encryption_configuration.this.rule).apply_server_side_encryption_by_default).sse_algorithm == "aws:kms"
    error_message = "SSE-KMS"
  }
  assert {
    condition     = one(aws_s3_bucket_cors_configuration.direct_uploads[0].cors_rule).allowed_methods == toset(["PUT"])
    error_message = "uploads only"
  }
}

run "a_name_that_s3_refuses_is_refused" {
  command = plan
  variables {
    bucket           = "My_Images"
    dead_letter_days = 0
  }
  expect_failures = [var.bucket, var.dead_letter_days]
}
