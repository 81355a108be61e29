/** What traffic goes through. */
import { hoursPerMonth } from "../price-book";
import { list, object, text, type Pricer } from "../pricer";

const vpcEndpoint: Pricer = ({ inputs, usage }, bill) => {
  if (text(inputs.vpcEndpointType) !== "Interface") {
    bill.note("a gateway endpoint is free of charge");
    return;
  }
  const zones = Math.max(1, list(inputs.subnetIds).length);
  bill.add(`endpoint in ${zones} zones`, zones * hoursPerMonth, "vpc-endpoint.interface");
  bill.add("data", usage.vpcEndpoint.dataGb, "vpc-endpoint.data");
};

const loadBalancer: Pricer = ({ inputs, usage }, bill) => {
  const kind = text(inputs.loadBalancerType) === "network" ? "nlb" : "alb";
  bill.hours("load balancer", 1, kind).add("capacity units", usage.loadBalancer.lcu, `${kind}.lcu`);
};

const webAcl: Pricer = ({ inputs, usage }, bill) => {
  const rules = list(inputs.rules).length;
  bill.add("web ACL", 1, "waf.acl");
  if (rules > 0) bill.add("rules", rules, "waf.rule");
  bill.add("requests", usage.waf.requestsMillions, "waf.requests");
};

const address: Pricer = (_context, bill) => {
  bill.hours("public IPv4 address", 1, "eip");
  bill.note("the rate of an idle address, which AWS charges for one in use too since February 2024");
};

const distribution: Pricer = ({ inputs, usage }, bill) => {
  if (inputs.enabled === false) bill.note("switched off");
  else bill.add("data out", usage.cloudfront.outGb, "cloudfront.out");
};

const edgeFunction: Pricer = ({ usage }, bill) =>
  void bill.add("invocations", usage.cloudfront.functionMillions, "cloudfront.functions");

export const networkPricers: Readonly<Record<string, Pricer>> = {
  "aws:ec2/natGateway:NatGateway": ({ usage }, bill) =>
    void bill.hours("NAT gateway", 1, "nat").add("data", usage.natGateway.dataGb, "nat.data"),
  "aws:ec2/eip:Eip": address,
  "aws:ec2/vpcEndpoint:VpcEndpoint": vpcEndpoint,
  "aws:lb/loadBalancer:LoadBalancer": loadBalancer,
  "awsx:lb:ApplicationLoadBalancer": loadBalancer,
  "awsx:lb:NetworkLoadBalancer": ({ usage }, bill) =>
    void bill.hours("load balancer", 1, "nlb").add("capacity units", usage.loadBalancer.lcu, "nlb.lcu"),
  "aws:wafv2/webAcl:WebAcl": webAcl,
  "aws:cloudfront/distribution:Distribution": distribution,
  "aws:cloudfront/function:Function": edgeFunction,
  "aws:route53/zone:Zone": ({ inputs }, bill) =>
    void bill.add(Object.keys(object(inputs.vpcs)).length > 0 ? "private zone" : "zone", 1, "route53.zone"),
};
