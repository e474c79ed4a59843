variable "name" {
  description = "The repository's name."
  type        = string
}

variable "force_delete" {
  description = "Whether destroying removes the images too."
  type        = bool
}

variable "keep_images" {
  description = "How many images are kept. One built for two architectures counts as three."
  type        = number
  default     = 60
}
