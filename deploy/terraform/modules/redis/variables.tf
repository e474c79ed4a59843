variable "name" {
  description = "Name of the replication group, at most 40 characters."
  type        = string
}

variable "vpc_id" {
  description = "The network."
  type        = string
}

variable "subnet_ids" {
  description = "Private subnets in at least two zones."
  type        = list(string)
}

variable "client_security_group_id" {
  description = "Of those who may connect."
  type        = string
}

variable "node_type" {
  description = "Of each of the two nodes. A waiting job takes about 0.6 kB."
  type        = string
  default     = "cache.t4g.small"
}
