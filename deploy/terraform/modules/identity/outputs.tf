output "role_names" {
  description = "Role of each service account."
  value       = { for account, role in aws_iam_role.this : account => role.name }
}

output "policies" {
  description = "What api, worker and janitor may do, as IAM's policy documents."
  value       = { for role, policy in local.policies : role => jsonencode(policy) }
}
