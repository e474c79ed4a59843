mock_provider "aws" {
  mock_data "aws_availability_zones" {
    defaults = { names = ["us-east-1a", "us-east-1b", "us-east-1c", "us-east-1d"] }
  }
}

variables {
  name = "test"
}

run "two_zones_share_one_nat" {
  command = apply
  assert {
    condition     = length(output.nat_ids) == 1 && length(aws_route.nat) == 2
    error_message = "one NAT, and a way to it from each zone"
  }
}

run "each_zone_has_its_own_nat_when_asked" {
  command = apply
  variables {
    single_nat = false
    zone_count = 3
  }
  assert {
    condition     = length(output.nat_ids) == 3
    error_message = "three NATs"
  }
}

run "subnets_do_not_overlap_and_lie_in_the_network" {
  command = apply
  variables {
    zone_count = 4
    cidr       = "10.9.0.0/20"
  }
  assert {
    condition     = [for zone in local.zones : aws_subnet.public[zone].cidr_block] == ["10.9.0.0/26", "10.9.0.64/26", "10.9.0.128/26", "10.9.0.192/26"]
    error_message = "public subnets are in the first eighth"
  }
  assert {
    condition     = [for zone in local.zones : aws_subnet.private[zone].cidr_block] == ["10.9.2.0/23", "10.9.4.0/23", "10.9.6.0/23", "10.9.8.0/23"]
    error_message = "private subnets are in the others"
  }
}

run "s3_is_reached_from_every_private_table" {
  command = apply
  assert {
    condition     = length(aws_vpc_endpoint.s3.route_table_ids) == length(aws_route_table.private) && aws_vpc_endpoint.s3.vpc_endpoint_type == "Gateway"
    error_message = "not through the NAT"
  }
}

run "networks_and_zones_out_of_range_are_refused" {
  command = plan
  variables {
    cidr       = "10.0.0.0/24"
    zone_count = 1
  }
  expect_failures = [var.cidr, var.zone_count]
}
