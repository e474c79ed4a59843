mock_provider "aws" {
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/mock" }
  }
  mock_resource "aws_launch_template" {
    defaults = { id = "lt-0123456789abcdef0", latest_version = 1 }
  }
}

variables {
  name         = "test"
  subnet_ids   = ["subnet-1", "subnet-2"]
  api_cidrs    = []
  admin_arns   = ["arn:aws:iam::123456789012:role/ops"]
  system_nodes = { types = ["m6i.large"], min = 2, max = 3 }
  worker_nodes = { types = ["c6i.xlarge"], min = 0, max = 9 }
  tags         = { "thumbmill:cluster" = "test" }
}

run "the_api_is_private_and_only_the_named_may_enter" {
  command = apply
  assert {
    condition     = !aws_eks_cluster.this.vpc_config[0].endpoint_public_access && aws_eks_cluster.this.vpc_config[0].endpoint_private_access
    error_message = "no addresses, no public API"
  }
  assert {
    condition     = keys(aws_eks_access_policy_association.admin) == ["arn:aws:iam::123456789012:role/ops"]
    error_message = "one administrator"
  }
}

run "workers_are_spot_and_the_rest_is_not" {
  command = apply
  assert {
    condition     = aws_eks_node_group.this["worker"].capacity_type == "SPOT" && aws_eks_node_group.this["system"].capacity_type == "ON_DEMAND"
    error_message = "by pool"
  }
}

run "pods_cannot_ask_for_the_nodes_credentials" {
  command = apply
  assert {
    condition     = alltrue([for template in aws_launch_template.node : template.metadata_options[0].http_tokens == "required" && template.metadata_options[0].http_put_response_hop_limit == 1])
    error_message = "IMDSv2, one hop"
  }
}

run "what_nodes_make_is_tagged" {
  command = apply
  assert {
    condition     = alltrue(flatten([for template in aws_launch_template.node : [for made in template.tag_specifications : made.tags["thumbmill:cluster"] == "test"]]))
    error_message = "volumes and interfaces too"
  }
}
