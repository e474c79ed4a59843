variable "name" {
  description = "The cluster's name, which its roles and templates are named after."
  type        = string
}

variable "kubernetes_version" {
  description = "Of the control plane and nodes, as \"1.34\"; null: the one that EKS gives to new clusters."
  type        = string
  default     = null
}

variable "subnet_ids" {
  description = "Private subnets in at least two zones."
  type        = list(string)
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
  description = "On demand, for everything that is not to be interrupted: instance types, least and most nodes."
  type        = object({ types = list(string), min = number, max = number })
}

variable "worker_nodes" {
  description = "For the workers: instance types (several make interruptions of spot rarer), least and most nodes."
  type        = object({ types = list(string), min = number, max = number })
}

variable "worker_spot" {
  description = "Whether worker nodes are spot instances. An interrupted worker's jobs are handed back and run elsewhere."
  type        = bool
  default     = true
}

variable "arm64" {
  description = "Nodes with Arm processors; the instance types must be of these."
  type        = bool
  default     = false
}

variable "disk_gib" {
  description = "Of each node, GiB."
  type        = number
  default     = 40
  validation {
    condition     = var.disk_gib >= 20 && var.disk_gib <= 1000
    error_message = "disk_gib is 20 to 1000."
  }
}

variable "log_days" {
  description = "How long the control plane's logs are kept."
  type        = number
  default     = 30
}

variable "tags" {
  description = "Of instances, their volumes and network interfaces, which the provider's default tags do not reach."
  type        = map(string)
}

variable "emulated" {
  description = "Leaves out what stand-ins for AWS do not know: access entries, add-ons, managed policies. For tests only."
  type        = bool
  default     = false
}
