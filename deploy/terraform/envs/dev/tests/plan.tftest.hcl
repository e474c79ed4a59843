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
    defaults = { arn = "arn:aws:s3:::images", id = "images" }
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

run "is_cheap_and_goes_whole" {
  command = apply

  assert {
    condition     = output.queue_url == ""
    error_message = "Redis is in the cluster"
  }
  assert {
    condition     = output.bucket != ""
    error_message = "there is a bucket"
  }
  assert {
    condition     = abs(output.hourly_cost_usd - 0.3764) < 0.0001
    error_message = "control plane, one NAT and three nodes: ${output.hourly_cost_usd}"
  }
  assert {
    condition     = strcontains(output.kubeconfig_command, "--region us-east-1")
    error_message = "the command names the region"
  }
}

run "a_name_that_roles_cannot_have_is_refused" {
  command = plan
  variables {
    cluster_name = "Thumbs_"
  }
  expect_failures = [var.cluster_name]
}
