output "cluster_name" {
  description = "The cluster."
  value       = module.eks.name
}

output "region" {
  description = "Where it is."
  value       = data.aws_region.current.name
}

output "account_id" {
  description = "Whose it is."
  value       = data.aws_caller_identity.current.account_id
}

output "vpc_id" {
  description = "Its network."
  value       = module.network.vpc_id
}

output "bucket" {
  description = "For the setting store: s3://BUCKET."
  value       = module.storage.bucket
}

output "repository_url" {
  description = "Where the image is pushed to."
  value       = module.registry.url
}

output "queue_url" {
  description = "For the setting queue; empty: Redis is in the cluster."
  value       = var.elasticache ? module.redis[0].url : ""
}

output "kubeconfig_command" {
  description = "Makes kubectl talk to the cluster."
  value       = "aws eks update-kubeconfig --name ${module.eks.name} --region ${data.aws_region.current.name}"
}

output "hourly_cost_usd" {
  description = "What it costs an hour at its least, without traffic and storage."
  value       = local.hourly_cost_usd
}

output "role_policies" {
  description = "What api, worker and janitor may do."
  value       = module.identity.policies
}
