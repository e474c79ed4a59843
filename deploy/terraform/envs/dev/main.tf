# To try things: cheap, on one NAT, with Redis in the cluster, and gone whole when it is destroyed.

provider "aws" {
  region = var.region
  default_tags {
    tags = { Project = "thumbmill", "thumbmill:cluster" = var.cluster_name, "thumbmill:environment" = "dev" }
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

  zone_count   = 2
  single_nat   = true
  system_nodes = { types = ["t3.large"], min = 2, max = 3 }
  worker_nodes = { types = ["c6i.xlarge", "c5.xlarge", "c6a.xlarge"], min = 1, max = 8 }
  elasticache  = false
  disposable   = true
}
