output "url" {
  description = "For the setting queue."
  value       = "rediss://${aws_elasticache_replication_group.this.primary_endpoint_address}:6379"
}
