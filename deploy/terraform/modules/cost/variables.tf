variable "name" {
  description = "The cluster's name, which its parts are tagged with."
  type        = string
}

variable "bucket" {
  description = "The bucket's name."
  type        = string
}

variable "autoscaling_groups" {
  description = "Of the nodes."
  type        = list(string)
  default     = []
}

variable "nat_ids" {
  description = "NAT gateways."
  type        = list(string)
  default     = []
}

variable "monthly_budget_usd" {
  description = "Of all that bears the cluster's tag; 0: no budget."
  type        = number
  validation {
    condition     = var.monthly_budget_usd >= 0
    error_message = "monthly_budget_usd is 0 (no budget) or more."
  }
}

variable "budget_emails" {
  description = "Who is told at 80 % of the budget, and when 100 % are to be expected."
  type        = list(string)
  default     = []
}

variable "hourly_cost_usd" {
  description = "What the cluster at its least costs an hour."
  type        = number
}
