variable "name" {
  description = "Name of the network and prefix of its parts' names."
  type        = string
}

variable "cidr" {
  description = "Addresses of the network, IPv4, /16 to /20. Each zone gets a sixty-fourth of them for its public subnet and an eighth for its private one."
  type        = string
  default     = "10.42.0.0/16"
  validation {
    condition     = can(cidrhost(var.cidr, 0)) && try(tonumber(split("/", var.cidr)[1]), 0) >= 16 && try(tonumber(split("/", var.cidr)[1]), 99) <= 20
    error_message = "cidr is an IPv4 network of /16 to /20, such as 10.42.0.0/16."
  }
}

variable "zone_count" {
  description = "Availability zones, 2 to 4. EKS needs two."
  type        = number
  default     = 2
  validation {
    condition     = contains([2, 3, 4], var.zone_count)
    error_message = "zone_count is 2, 3 or 4."
  }
}

variable "single_nat" {
  description = "One NAT gateway for all zones: cheaper, and the way out of all of them is lost with its zone. Otherwise one a zone."
  type        = bool
  default     = true
}
