# To keep: a NAT a zone, Redis on ElastiCache, and a bucket that is not destroyed with images in it.

provider "aws" {
  region = var.region
  default_tags {
    tags = { Project = "thumbmill", "thumbmill:cluster" = var.cluster_name, "thumbmill:environment" = "prod" }
  }
}

module "stack" {
  source             = "../../modules/stack"
  cluster_name       = var.cluster_name
  api_cidrs          = var.api_cidrs
  kubernetes_version = var.kubernetes_version
  admin_arns         = var.admin_arns
  monthly_budget_usd = var.monthly_budget_usd
  budget_emails      = var.budget_emails
  upload_origins     = var.upload_origins
  emulated           = var.emulated

  zone_count   = 3
  single_nat   = false
  system_nodes = { types = ["m6i.large"], min = 3, max = 6 }
  worker_nodes = { types = ["c6i.xlarge", "c5.xlarge", "c6a.xlarge", "c7i.xlarge"], min = 1, max = 20 }
  elasticache  = true
  disposable   = false
  prices_usd   = { control_plane = 0.10, nat = 0.045, system_node = 0.096, worker_node = 0.065, redis_node = 0.032 }
}
