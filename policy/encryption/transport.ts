import type * as aws from "@pulumi/aws";
import { checkov, fsbp, on, pci, reference, type Policy, type Report, type ResourceAt } from "../frame/policy";
import { ifKnown, listOf } from "../frame/values";

export const listenerTypes = ["aws:lb/listener:Listener", "aws:alb/listener:Listener"] as const;
const ruleTypes = ["aws:lb/listenerRule:ListenerRule", "aws:alb/listenerRule:ListenerRule"] as const;

/** Security policies of load balancers that admit nothing below TLS 1.2. */
export const modernTls = /^ELBSecurityPolicy-(TLS13-1-[23]-|TLS-1-2-|FS-1-2-|TLS13-1-2-)/;

interface Action {
  readonly type: string;
  readonly redirect?: { readonly protocol?: string; readonly statusCode: string };
}

const redirects = ({ type, redirect }: Action) =>
  type === "redirect" && (redirect?.protocol === "HTTPS" || redirect?.protocol === undefined);

interface Listener {
  readonly protocol?: string;
  readonly port?: number | string;
  readonly sslPolicy?: string;
  readonly defaultActions?: readonly Action[];
}

/** The protocol, which AWS takes from the port where it is left out. */
const protocolOf = ({ protocol, port }: Listener) =>
  protocol?.toUpperCase() ?? (Number(port) === 443 ? "HTTPS" : "HTTP");

function checkListener(listener: Listener, report: Report): void {
  const protocol = protocolOf(listener);
  if (protocol === "HTTP") {
    const actions = listOf(listener.defaultActions);
    const https = ({ redirect }: Action) => redirect?.protocol === "HTTPS";
    if (actions.length === 0 || !actions.every((action) => redirects(action) && https(action))) {
      report("plain HTTP is served, not redirected to HTTPS");
    }
  } else if (protocol === "HTTPS" || protocol === "TLS") {
    if (!listener.sslPolicy) report("the default security policy admits TLS 1.0 (sslPolicy)");
    else if (!modernTls.test(listener.sslPolicy)) report(`${listener.sslPolicy} admits versions below TLS 1.2`);
  }
}

export const listenerTls: Policy = {
  name: "listener-tls",
  description: "Load balancers speak TLS 1.2 or newer; plain HTTP only redirects.",
  severity: "high",
  level: "mandatory",
  fix: "Use HTTPS with sslPolicy ELBSecurityPolicy-TLS13-1-2-2021-06, and redirect HTTP to HTTPS",
  url: reference("lb/listener"),
  frameworks: [fsbp("ELB.1"), pci("4.2.1")],
  checkov: checkov(2, 103, 213, "2:20", "2:74"),
  rules: [
    ...on<aws.lb.ListenerArgs>(listenerTypes, checkListener),
    ...on<{ listener?: Listener; listeners?: readonly Listener[] }>(
      ["awsx:lb:ApplicationLoadBalancer", "awsx:lb:NetworkLoadBalancer"],
      (balancer, report, { type }) => {
        const given = [...listOf(balancer.listeners), ...listOf(balancer.listener)];
        for (const one of given) checkListener(one, report);
        if (given.length === 0 && type.endsWith("ApplicationLoadBalancer"))
          report("the default listener serves plain HTTP");
      },
    ),
    ...on<aws.elb.LoadBalancerArgs>("aws:elb/loadBalancer:LoadBalancer", (balancer, report) => {
      for (const { lbProtocol, lbPort } of balancer.listeners) {
        if (!/^(https|ssl)$/i.test(lbProtocol)) report(`port ${lbPort} is not encrypted`);
      }
    }),
  ],
  stackRule: (stack, report) => {
    // A rule of an HTTP listener could serve what the listener's default action redirects.
    for (const listener of stack.ofType<aws.lb.ListenerArgs>(...listenerTypes)) {
      const protocol = ifKnown(() => protocolOf(listener.props));
      if (protocol !== "HTTP") continue;
      for (const rule of stack.referrers<aws.lb.ListenerRuleArgs>(listener, ruleTypes, "listenerArn")) {
        if (!listOf(rule.props.actions).every(redirects)) report("the rule serves plain HTTP", rule);
      }
    }
  },
};

/** Minimum versions of CloudFront that admit nothing below TLS 1.2. */
const cloudfrontTls = /^TLSv1\.[23]_/;

function checkBehavior(behavior: { readonly viewerProtocolPolicy: string }, where: string, report: Report): void {
  if (!["https-only", "redirect-to-https"].includes(behavior.viewerProtocolPolicy))
    report(`${where} is served without TLS`);
}

export const cloudfrontTlsOnly: Policy = {
  name: "cloudfront-tls",
  description: "CloudFront speaks TLS 1.2 or newer, to viewers and to origins.",
  severity: "high",
  level: "mandatory",
  fix: "Redirect viewers to HTTPS, use an own certificate with TLSv1.2_2021, and reach origins with https-only and TLSv1.2",
  url: reference("cloudfront/distribution"),
  frameworks: [fsbp("CloudFront.3"), fsbp("CloudFront.9"), fsbp("CloudFront.10"), pci("4.2.1")],
  checkov: checkov(34, 174, "2:54", "2:72"),
  rules: on<aws.cloudfront.DistributionArgs>(
    "aws:cloudfront/distribution:Distribution",
    (distribution, report, _at: ResourceAt) => {
      checkBehavior(distribution.defaultCacheBehavior, "the default behaviour", report);
      for (const behavior of listOf(distribution.orderedCacheBehaviors))
        checkBehavior(behavior, behavior.pathPattern, report);
      const { viewerCertificate: certificate } = distribution;
      if (certificate.cloudfrontDefaultCertificate) report("CloudFront's own certificate admits TLS 1.0");
      else if (!cloudfrontTls.test(certificate.minimumProtocolVersion ?? ""))
        report("viewers may use versions below TLS 1.2");
      for (const { originId, customOriginConfig: origin } of listOf(distribution.origins)) {
        if (!origin) continue;
        if (origin.originProtocolPolicy !== "https-only") report(`the origin ${originId} may be reached without TLS`);
        if (listOf(origin.originSslProtocols).some((version) => version !== "TLSv1.2")) {
          report(`the origin ${originId} may be reached with versions below TLS 1.2`);
        }
      }
    },
  ),
};

export const transport: readonly Policy[] = [listenerTls, cloudfrontTlsOnly];
