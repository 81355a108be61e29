import { a, table } from "../support/tables";
import { unknown, secret } from "../support/pack";

const waiver = {
  policy: "ebs-volume-encrypted",
  resource: "it",
  reason: "moves away",
  owner: "data",
  expires: "2027-01-31",
};
const volume = a("aws:ebs/volume:Volume", {}, { name: "it" });
const settings = (...waivers: unknown[]) => ({ settings: { waivers } });

export const governance = [
  table(
    "waivers-valid",
    "aws:ebs/volume:Volume",
    ["pass", [volume]],
    ["pass", [volume], { advisory: /needs the waiver for it any more/ }, settings(waiver)],
    ["fail", [volume], /expired on 2026-01-31/, settings({ ...waiver, expires: "2026-01-31" })],
    ["fail", [volume], /refused: it has no reason/, settings({ ...waiver, reason: " " })],
    ["fail", [volume], /refused: it expires is not a date/, settings({ ...waiver, expires: "31.1.2027" })],
    ["fail", [volume], /not a policy/, settings({ ...waiver, policy: "ebs-volume" })],
    ["undefined", [volume], /has no policy, no resource, no reason, no owner, no expires/, settings({})],
    ["unknown", [a("aws:ebs/volume:Volume", { encrypted: unknown })]],
    ["secret", [a("aws:ebs/volume:Volume", { encrypted: secret(true) })]],
  ),
];
