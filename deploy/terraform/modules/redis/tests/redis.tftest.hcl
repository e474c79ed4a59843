mock_provider "aws" {
  mock_resource "aws_security_group" {
    defaults = { id = "sg-redis" }
  }
  mock_resource "aws_elasticache_replication_group" {
    defaults = { primary_endpoint_address = "master.test.cache.example" }
  }
}

variables {
  name                     = "test"
  vpc_id                   = "vpc-1"
  subnet_ids               = ["subnet-1", "subnet-2"]
  client_security_group_id = "sg-pods"
}

run "no_job_is_evicted_and_only_pods_connect" {
  command = apply
  assert {
    condition     = one([for set in aws_elasticache_parameter_group.this.parameter : set.value if set.name == "maxmemory-policy"]) == "noeviction"
    error_message = "noeviction"
  }
  assert {
    condition     = aws_vpc_security_group_ingress_rule.pods.referenced_security_group_id == "sg-pods" && aws_vpc_security_group_ingress_rule.pods.cidr_ipv4 == null
    error_message = "pods only"
  }
  assert {
    condition     = aws_elasticache_replication_group.this.transit_encryption_enabled && output.url == "rediss://master.test.cache.example:6379"
    error_message = "by TLS: ${output.url}"
  }
}
