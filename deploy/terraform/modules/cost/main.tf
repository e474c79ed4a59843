# A budget that warns by mail, and a dashboard of what costs.

data "aws_region" "current" {}

resource "aws_budgets_budget" "monthly" {
  count        = var.monthly_budget_usd > 0 ? 1 : 0
  name         = "${var.name}-monthly"
  budget_type  = "COST"
  limit_amount = tostring(var.monthly_budget_usd)
  limit_unit   = "USD"
  time_unit    = "MONTHLY"

  # Counts once the tag is activated as a cost allocation tag, in the account's billing settings.
  cost_filter {
    name   = "TagKeyValue"
    values = ["user:thumbmill:cluster$${var.name}"]
  }

  dynamic "notification" {
    for_each = length(var.budget_emails) > 0 ? { ACTUAL = 80, FORECASTED = 100 } : {}
    content {
      notification_type          = notification.key
      comparison_operator        = "GREATER_THAN"
      threshold                  = notification.value
      threshold_type             = "PERCENTAGE"
      subscriber_email_addresses = var.budget_emails
    }
  }
}

locals {
  region = data.aws_region.current.name
  widgets = [
    { title = "Charges of the account this month, USD", region = "us-east-1", stat = "Maximum", period = 21600, metrics = [
      ["AWS/Billing", "EstimatedCharges", "Currency", "USD"],
    ] },
    { title = "Nodes", region = local.region, stat = "Average", period = 300, metrics = [
      for group in var.autoscaling_groups : ["AWS/AutoScaling", "GroupInServiceInstances", "AutoScalingGroupName", group]
    ] },
    { title = "Bytes through the NAT, paid by the gigabyte", region = local.region, stat = "Sum", period = 3600, metrics = [
      for pair in setproduct(["BytesOutToDestination", "BytesInFromDestination"], var.nat_ids) :
      ["AWS/NATGateway", pair[0], "NatGatewayId", pair[1]]
    ] },
    { title = "Bucket, bytes", region = local.region, stat = "Average", period = 86400, metrics = [
      ["AWS/S3", "BucketSizeBytes", "BucketName", var.bucket, "StorageType", "StandardStorage"],
    ] },
    { title = "Bucket, objects", region = local.region, stat = "Average", period = 86400, metrics = [
      ["AWS/S3", "NumberOfObjects", "BucketName", var.bucket, "StorageType", "AllStorageTypes"],
    ] },
  ]
}

resource "aws_cloudwatch_dashboard" "cost" {
  dashboard_name = "${var.name}-cost"
  dashboard_body = jsonencode({
    widgets = concat(
      [{
        type = "text", x = 0, y = 0, width = 24, height = 2
        properties = {
          markdown = "**${var.name}**: nodes, NAT, control plane and Redis at their least cost USD ${var.hourly_cost_usd} an hour. Cost of 1,000 thumbnails: the dashboard *cost* in Grafana."
        }
      }],
      [for index, widget in local.widgets : {
        type   = "metric"
        x      = 12 * (index % 2)
        y      = 2 + 6 * floor(index / 2)
        width  = 12
        height = 6
        properties = {
          title   = widget.title
          region  = widget.region
          stat    = widget.stat
          period  = widget.period
          metrics = widget.metrics
        }
      } if length(widget.metrics) > 0],
    )
  })
}
