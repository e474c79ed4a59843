# What this environment comes to, with stand-ins for AWS' answers.

mock_provider "aws" {
  mock_data "aws_availability_zones" {
    defaults = { names = ["us-east-1a", "us-east-1b", "us-east-1c", "us-east-1d"] }
  }
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_region" {
    defaults = { name = "us-east-1" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_resource "aws_s3_bucket" {
    defaults = { arn = "arn:aws:s3:::images" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/mock" }
  }
  mock_resource "aws_eks_cluster" {
    defaults = { arn = "arn:aws:eks:us-east-1:123456789012:cluster/mock", vpc_config = { cluster_security_group_id = "sg-1" } }
  }
  mock_resource "aws_launch_template" {
    defaults = { id = "lt-0123456789abcdef0", latest_version = 1 }
  }
}

run "has_no_single_way_out_and_keeps_its_images" {
  command = apply

  assert {
    condition     = abs(output.hourly_cost_usd - 0.652) < 0.0001
    error_message = "control plane, three NATs, four nodes and Redis: ${output.hourly_cost_usd}"
  }
  assert {
    condition     = startswith(output.queue_url, "rediss://")
    error_message = "Redis is ElastiCache's, by TLS: ${output.queue_url}"
  }
}
