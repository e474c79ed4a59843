variable "bucket" {
  description = "The bucket's name, unique in all of AWS."
  type        = string
  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.bucket))
    error_message = "bucket has 3 to 63 characters of a-z, 0-9 and '-', neither first nor last a '-'."
  }
}

variable "force_destroy" {
  description = "Whether destroying removes the images too. Otherwise a bucket that is not empty stays, and so does the rest."
  type        = bool
}

variable "kms_key_arn" {
  description = "Key for the objects; empty: S3's own (SSE-S3)."
  type        = string
  default     = ""
}

variable "dead_letter_days" {
  description = "After how many days S3 itself removes originals of failed jobs. More than the setting dead-letter-age, or it comes first."
  type        = number
  default     = 60
  validation {
    condition     = var.dead_letter_days >= 1
    error_message = "dead_letter_days is 1 or more."
  }
}

variable "upload_origins" {
  description = "Origins, such as https://shop.example, whose pages may upload directly to the bucket by presigned requests."
  type        = list(string)
  default     = []
}
