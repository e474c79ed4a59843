# What each service account may do in AWS, by EKS Pod Identity: no keys in the cluster. docs/formats/keys.md says what lies
# under which prefix of the bucket, deploy/README.md what each role does with it.

locals {
  # A HEAD is a Get. A copy is a Get of the one and a Put of the other.
  roles = {
    api = {
      get    = ["uploads", "thumbs", "results", "originals", "dead", "deleted", "idempotency"]
      put    = ["uploads", "results", "deleted", "idempotency"]
      delete = ["uploads", "thumbs", "results", "originals", "dead"]
    }
    worker = {
      get    = ["uploads", "thumbs", "results", "originals", "dead", "deleted"]
      put    = ["thumbs", "results", "originals", "dead"]
      delete = ["uploads", "thumbs", "results", "originals", "dead"]
    }
    janitor = {
      get    = ["uploads", "thumbs", "results", "originals", "dead", "deleted", "idempotency"]
      put    = []
      delete = ["uploads", "thumbs", "results", "originals", "dead", "deleted", "idempotency"]
    }
  }
  actions = { get = "s3:GetObject", put = "s3:PutObject", delete = "s3:DeleteObject" }
  policies = {
    for role, allowed in local.roles : role => {
      Version = "2012-10-17"
      Statement = concat(
        [for verb, prefixes in allowed : {
          Effect   = "Allow"
          Action   = [local.actions[verb]]
          Resource = [for prefix in prefixes : "${var.bucket_arn}/${prefix}/*"]
        } if length(prefixes) > 0],
        # Whether the store can be written to and read, which readiness asks.
        [{ Effect = "Allow", Action = ["s3:GetObject", "s3:PutObject"], Resource = ["${var.bucket_arn}/.thumbmill-check"] }],
        # Without it S3 says 403 of what is not there. With a condition on the prefix too, as a Get names none.
        [{ Effect = "Allow", Action = ["s3:ListBucket"], Resource = [var.bucket_arn] }],
        var.kms_key_arn == "" ? [] : [{
          Effect = "Allow", Action = ["kms:GenerateDataKey", "kms:Decrypt"], Resource = [var.kms_key_arn]
        }],
      )
    }
  }
  accounts = merge(
    { for role in keys(local.roles) : role => { namespace = var.namespace, service_account = "thumbmill-${role}" } },
    {
      cluster-autoscaler = { namespace = "kube-system", service_account = "cluster-autoscaler" }
      ebs-csi            = { namespace = "kube-system", service_account = "ebs-csi-controller-sa" }
    },
  )
}

data "aws_partition" "current" {}
data "aws_caller_identity" "current" {}

resource "aws_iam_role" "this" {
  for_each = local.accounts
  name     = "${var.cluster_name}-${each.key}"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "pods.eks.amazonaws.com" }
      Action    = ["sts:AssumeRole", "sts:TagSession"]
      Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id } }
    }]
  })
}

resource "aws_iam_role_policy" "bucket" {
  for_each = local.policies
  name     = "bucket"
  role     = aws_iam_role.this[each.key].id
  policy   = jsonencode(each.value)
}

# Looks at everything, and changes the size of this cluster's groups only.
resource "aws_iam_role_policy" "cluster_autoscaler" {
  name = "node-groups"
  role = aws_iam_role.this["cluster-autoscaler"].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect = "Allow"
        Action = [
          "autoscaling:DescribeAutoScalingGroups", "autoscaling:DescribeAutoScalingInstances",
          "autoscaling:DescribeLaunchConfigurations", "autoscaling:DescribeScalingActivities", "autoscaling:DescribeTags",
          "ec2:DescribeImages", "ec2:DescribeInstanceTypes", "ec2:DescribeLaunchTemplateVersions",
          "ec2:GetInstanceTypesFromInstanceRequirements", "eks:DescribeNodegroup",
        ]
        Resource = ["*"]
      },
      {
        Effect    = "Allow"
        Action    = ["autoscaling:SetDesiredCapacity", "autoscaling:TerminateInstanceInAutoScalingGroup"]
        Resource  = ["*"]
        Condition = { StringEquals = { "aws:ResourceTag/eks:cluster-name" = var.cluster_name } }
      },
    ]
  })
}

resource "aws_iam_role_policy_attachment" "ebs_csi" {
  count      = var.emulated ? 0 : 1
  role       = aws_iam_role.this["ebs-csi"].name
  policy_arn = "arn:${data.aws_partition.current.partition}:iam::aws:policy/service-role/AmazonEBSCSIDriverPolicy"
}

resource "aws_eks_pod_identity_association" "this" {
  for_each        = var.emulated ? {} : local.accounts
  cluster_name    = var.cluster_name
  namespace       = each.value.namespace
  service_account = each.value.service_account
  role_arn        = aws_iam_role.this[each.key].arn
}
