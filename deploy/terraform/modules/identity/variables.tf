variable "cluster_name" {
  description = "The cluster whose pods these are; prefix of the roles' names."
  type        = string
}

variable "namespace" {
  description = "Where the service accounts thumbmill-api, thumbmill-worker and thumbmill-janitor are."
  type        = string
  default     = "thumbmill"
}

variable "bucket_arn" {
  description = "The bucket."
  type        = string
}

variable "kms_key_arn" {
  description = "The key of its objects; empty: S3's own."
  type        = string
  default     = ""
}

variable "emulated" {
  description = "Leaves out what stand-ins for AWS do not know: pod identity, managed policies. For tests only."
  type        = bool
  default     = false
}
