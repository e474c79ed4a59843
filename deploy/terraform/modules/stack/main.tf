# All that one installation has in AWS. The environments differ in what they give to this.

data "aws_caller_identity" "current" {}
data "aws_region" "current" {}

locals {
  # Bucket names are unique in all of AWS.
  bucket = var.bucket != "" ? var.bucket : "${var.cluster_name}-${data.aws_caller_identity.current.account_id}-${data.aws_region.current.name}"
  # Rounded: sums of decimals have a hundred digits.
  hourly_cost_usd = tonumber(format("%.4f",
    var.prices_usd.control_plane
    + var.prices_usd.nat * length(module.network.nat_ids)
    + var.prices_usd.system_node * var.system_nodes.min
    + var.prices_usd.worker_node * var.worker_nodes.min
    + (var.elasticache ? 2 * var.prices_usd.redis_node : 0)
  ))
}

module "network" {
  source     = "../network"
  name       = var.cluster_name
  cidr       = var.cidr
  zone_count = var.zone_count
  single_nat = var.single_nat
}

module "eks" {
  source             = "../eks"
  name               = var.cluster_name
  kubernetes_version = var.kubernetes_version
  subnet_ids         = module.network.private_subnet_ids
  api_cidrs          = var.api_cidrs
  admin_arns         = var.admin_arns
  system_nodes       = var.system_nodes
  worker_nodes       = var.worker_nodes
  worker_spot        = var.worker_spot
  arm64              = var.arm64
  tags               = { Project = "thumbmill", "thumbmill:cluster" = var.cluster_name }
  emulated           = var.emulated
}

module "storage" {
  source         = "../storage"
  bucket         = local.bucket
  force_destroy  = var.disposable
  kms_key_arn    = var.kms_key_arn
  upload_origins = var.upload_origins
}

module "registry" {
  source       = "../registry"
  name         = var.cluster_name
  force_delete = var.disposable
}

module "identity" {
  source       = "../identity"
  cluster_name = module.eks.name
  bucket_arn   = module.storage.arn
  kms_key_arn  = var.kms_key_arn
  emulated     = var.emulated
}

module "redis" {
  source                   = "../redis"
  count                    = var.elasticache ? 1 : 0
  name                     = var.cluster_name
  vpc_id                   = module.network.vpc_id
  subnet_ids               = module.network.private_subnet_ids
  client_security_group_id = module.eks.node_security_group_id
  node_type                = var.redis_node_type
}

module "cost" {
  source             = "../cost"
  name               = var.cluster_name
  bucket             = module.storage.bucket
  autoscaling_groups = module.eks.autoscaling_groups
  nat_ids            = module.network.nat_ids
  monthly_budget_usd = var.monthly_budget_usd
  budget_emails      = var.budget_emails
  hourly_cost_usd    = local.hourly_cost_usd
}
