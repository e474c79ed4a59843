output "name" {
  description = "The cluster."
  value       = aws_eks_cluster.this.name
}

output "arn" {
  description = "The cluster's ARN."
  value       = aws_eks_cluster.this.arn
}

output "node_security_group_id" {
  description = "What its nodes and pods are in."
  value       = aws_eks_cluster.this.vpc_config[0].cluster_security_group_id
}

output "autoscaling_groups" {
  description = "Of the nodes."
  value       = flatten([for group in aws_eks_node_group.this : [for made in group.resources : made.autoscaling_groups[*].name]])
}
