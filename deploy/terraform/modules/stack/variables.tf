variable "cluster_name" {
  description = "Name of the cluster and prefix of all names."
  type        = string
}

variable "cidr" {
  description = "Addresses of the network, IPv4, /16 to /20."
  type        = string
  default     = "10.42.0.0/16"
}

variable "zone_count" {
  description = "Availability zones, 2 to 4."
  type        = number
  default     = 2
}

variable "single_nat" {
  description = "One NAT gateway for all zones, or one a zone."
  type        = bool
}

variable "kubernetes_version" {
  description = "Of the control plane and nodes, as \"1.34\"; null: the one that EKS gives to new clusters."
  type        = string
  default     = null
}

variable "api_cidrs" {
  description = "From where the cluster's API may be reached over the internet; empty: only from inside the network."
  type        = list(string)
}

variable "admin_arns" {
  description = "Users and roles that administer the cluster, besides the one that makes it."
  type        = list(string)
  default     = []
}

variable "system_nodes" {
  description = "On demand: instance types, least and most nodes."
  type        = object({ types = list(string), min = number, max = number })
}

variable "worker_nodes" {
  description = "For the workers: instance types, least and most nodes."
  type        = object({ types = list(string), min = number, max = number })
}

variable "worker_spot" {
  description = "Whether worker nodes are spot instances."
  type        = bool
  default     = true
}

variable "arm64" {
  description = "Nodes with Arm processors."
  type        = bool
  default     = false
}

variable "bucket" {
  description = "Name of the bucket; empty: from the cluster's name, the account and the region."
  type        = string
  default     = ""
}

variable "kms_key_arn" {
  description = "Key for the objects; empty: S3's own."
  type        = string
  default     = ""
}

variable "upload_origins" {
  description = "Origins whose pages may upload directly to the bucket."
  type        = list(string)
  default     = []
}

variable "disposable" {
  description = "Whether `terraform destroy` removes images and containers' images too. Without it, it stops at a bucket that is not empty; deploy/bin/down empties it first."
  type        = bool
}

variable "elasticache" {
  description = "Redis on ElastiCache; otherwise in the cluster, as the chart brings it."
  type        = bool
}

variable "redis_node_type" {
  description = "Of ElastiCache's nodes."
  type        = string
  default     = "cache.t4g.small"
}

variable "monthly_budget_usd" {
  description = "0: no budget."
  type        = number
}

variable "budget_emails" {
  description = "Who is told of the budget."
  type        = list(string)
  default     = []
}

# On demand in us-east-1, November 2026; spot for workers.
variable "prices_usd" {
  description = "Of an hour, for hourly_cost_usd: adjust them to your region and instances."
  type = object({
    control_plane = number, nat = number, system_node = number, worker_node = number, redis_node = number
  })
  default = { control_plane = 0.10, nat = 0.045, system_node = 0.0832, worker_node = 0.065, redis_node = 0.032 }
}

variable "emulated" {
  description = "Leaves out what stand-ins for AWS do not know. For tests only."
  type        = bool
  default     = false
}
