import type * as aws from "@pulumi/aws";
import { onVariables } from "../frame/environment";
import { on, type Policy, type Report, type RuleContext } from "../frame/policy";
import { listOf } from "../frame/values";
import { userDataText } from "../identity/secrets";
import { onIngress } from "../network/rules-of-groups";
import { tradingMode } from "./traders";

/** Ports of Interactive Brokers' gateway, by what it trades. */
const gatewayPort = { live: 4001, paper: 4002 } as const;

/** Signs of each side in texts: endpoints, ports and modes. */
const signs: Readonly<Record<"live" | "paper", readonly (readonly [what: string, form: RegExp])[]>> = {
  live: [
    ["Alpaca's live endpoint", /(^|[^\w.-])api\.alpaca\.markets/],
    ["the live gateway's port 4001", /\b(IB_?(GATEWAY_?)?PORT|GATEWAY_?PORT|TWS_?PORT)\W{1,4}4001\b/i],
    ["the trading mode live", /\b(TRADING_?MODE|TRADE_MODE|ALPACA_ENV)\W{1,4}live\b/i],
  ],
  paper: [
    ["Alpaca's paper endpoint", /paper-api\.alpaca\.markets/],
    ["the paper gateway's port 4002", /\b(IB_?(GATEWAY_?)?PORT|GATEWAY_?PORT|TWS_?PORT)\W{1,4}4002\b/i],
    ["the trading mode paper", /\b(TRADING_?MODE|TRADE_MODE|ALPACA_ENV)\W{1,4}paper\b/i],
  ],
};

const other = (context: Pick<RuleContext, "stage" | "settings">) =>
  tradingMode(context) === "live" ? "paper" : "live";

function checkText(text: string, report: Report, context: RuleContext): void {
  const wrong = other(context);
  for (const [what, form] of signs[wrong]) {
    if (form.test(text)) report(`${what} has no place in a ${tradingMode(context)} stack`);
  }
}

/** True for a secret or parameter whose name says that it belongs to the other side. */
function namesOther(name: string | undefined, wrong: "live" | "paper"): boolean {
  const words = (name ?? "").toLowerCase().split(/[^a-z0-9]+/);
  return words.includes(wrong) || (wrong === "live" && words.includes("prod") && words.includes("broker"));
}

export const liveAndPaperApart: Policy = {
  name: "live-and-paper-apart",
  description: "A paper stack holds no live port, key or endpoint, and a live stack none of paper trading.",
  severity: "critical",
  level: "mandatory",
  fix: "Use the stage's own port, endpoint and secret; policies.tradingMode says it where the stage does not",
  url: "https://docs.aws.amazon.com/whitepapers/latest/organizing-your-aws-environment/benefits-of-using-multiple-aws-accounts.html",
  rules: [
    ...onIngress((rule, report, at) => {
      const wrong = gatewayPort[other(at)];
      const every = rule.fromPort === 0 && rule.toPort === 65535;
      if (!every && rule.fromPort <= wrong && wrong <= rule.toPort)
        report(`the ${other(at)} gateway's port ${wrong} is open`);
    }),
    ...onVariables((variables, report) => {
      report(variables.map(({ name, value }) => `${name}=${value}`).join("\n"));
    }).map((rule) => ({
      ...rule,
      check: (props: never, report: Report, at: Parameters<typeof rule.check>[2]) => {
        rule.check(props, (text) => checkText(text, report, at), at);
      },
    })),
    ...on<aws.ec2.InstanceArgs>(["aws:ec2/instance:Instance"], (host, report, at) =>
      checkText(userDataText(host.userData, host.userDataBase64), report, at),
    ),
    ...on<aws.ec2.LaunchTemplateArgs>("aws:ec2/launchTemplate:LaunchTemplate", (template, report, at) =>
      checkText(userDataText(undefined, template.userData), report, at),
    ),
    ...on<aws.ssm.ParameterArgs>("aws:ssm/parameter:Parameter", (parameter, report, at) => {
      checkText(`${parameter.name ?? at.name}=${parameter.value ?? parameter.insecureValue ?? ""}`, report, at);
      if (namesOther(parameter.name, other(at))) report(`its name says that it is for ${other(at)} trading`);
    }),
    ...on<aws.secretsmanager.SecretArgs>("aws:secretsmanager/secret:Secret", (secret, report, at) => {
      if (namesOther(at.name, other(at)) || namesOther(secret.name, other(at)))
        report(`its name says that it is for ${other(at)} trading`);
    }),
    ...on<{ taskDefinitionArgs?: { container?: { secrets?: readonly { name: string }[] } } }>(
      "awsx:ecs:FargateService",
      (service, report, at) => {
        for (const { name } of listOf(service.taskDefinitionArgs?.container?.secrets)) {
          if (namesOther(name, other(at))) report(`the secret ${name} is for ${other(at)} trading`);
        }
      },
    ),
  ],
};

export const modes: readonly Policy[] = [liveAndPaperApart];
