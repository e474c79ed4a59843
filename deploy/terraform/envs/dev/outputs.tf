output "cluster_name" {
  description = "The cluster."
  value       = module.stack.cluster_name
}

output "region" {
  description = "Where it is."
  value       = module.stack.region
}

output "account_id" {
  description = "Whose it is."
  value       = module.stack.account_id
}

output "vpc_id" {
  description = "Its network."
  value       = module.stack.vpc_id
}

output "bucket" {
  description = "For the setting store: s3://BUCKET."
  value       = module.stack.bucket
}

output "repository_url" {
  description = "Where the image is pushed to."
  value       = module.stack.repository_url
}

output "queue_url" {
  description = "For the setting queue; empty: Redis is in the cluster."
  value       = module.stack.queue_url
}

output "kubeconfig_command" {
  description = "Makes kubectl talk to the cluster."
  value       = module.stack.kubeconfig_command
}

output "hourly_cost_usd" {
  description = "What it costs an hour at its least, without traffic and storage."
  value       = module.stack.hourly_cost_usd
}

output "role_policies" {
  description = "What api, worker and janitor may do."
  value       = module.stack.role_policies
}
