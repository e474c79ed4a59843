output "vpc_id" {
  description = "The network."
  value       = aws_vpc.this.id
}

output "public_subnet_ids" {
  description = "One a zone, for load balancers."
  value       = [for zone in local.zones : aws_subnet.public[zone].id]
}

output "private_subnet_ids" {
  description = "One a zone, for nodes and Redis."
  value       = [for zone in local.zones : aws_subnet.private[zone].id]

  # Whoever is in them needs the way out, and has to be gone before it.
  depends_on = [aws_route.nat, aws_route_table_association.private, aws_vpc_endpoint.s3]
}

output "nat_ids" {
  description = "NAT gateways, which are paid by the hour."
  value       = [for gateway in aws_nat_gateway.this : gateway.id]
}
