variable "region" {
  description = "Where everything is made."
  type        = string
  default     = "us-east-1"
}

variable "cluster_name" {
  description = "Name of the cluster and prefix of all names."
  type        = string
  default     = "thumbmill"
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,31}$", var.cluster_name))
    error_message = "cluster_name begins with a letter and has 1 to 32 characters of a-z, 0-9 and '-'."
  }
}

variable "kubernetes_version" {
  description = "Of the control plane and nodes, as \"1.34\"; null: the one that EKS gives to new clusters, and keeps up to date."
  type        = string
  default     = null
}

variable "api_cidrs" {
  description = "From where the cluster's API may be reached over the internet; empty: only from inside the network."
  type        = list(string)
  default     = []
}

variable "admin_arns" {
  description = "Users and roles that administer the cluster, besides the one that makes it."
  type        = list(string)
  default     = []
}

variable "monthly_budget_usd" {
  description = "0: no budget."
  type        = number
  default     = 1000
}

variable "budget_emails" {
  description = "Who is told of the budget."
  type        = list(string)
  default     = []
}

variable "upload_origins" {
  description = "Origins whose pages may upload directly to the bucket."
  type        = list(string)
  default     = []
}

variable "emulated" {
  description = "Leaves out what stand-ins for AWS do not know. For tests only."
  type        = bool
  default     = false
}
