import { overrideProblem, type CalendarOverride } from "../../../lambdas/common/exchange-calendar";
import type { Issue } from "../../common/validation";
import { pinnedImage } from "../monitoring-images";

export interface IngestNumbers {
  readonly image: string;
  readonly symbols: readonly string[];
  readonly port: number;
  readonly staleSeconds: number;
  readonly overrides: readonly CalendarOverride[];
}

/** What is wrong with the ingest's settings; paths are those of the section `ingest`. */
export function checkIngest(args: IngestNumbers): Issue[] {
  const issues: Issue[] = [];
  if (!pinnedImage.test(args.image)) {
    issues.push({
      path: "image",
      problem: "is not pinned",
      value: args.image,
      allowed: "registry/name:release, with a digest behind it at best; never latest",
    });
  }
  if (args.symbols.length === 0) issues.push({ path: "symbols", problem: "is empty", fix: "Name symbols, or *." });
  args.symbols.forEach((symbol, index) => {
    if (/^([A-Z][A-Z.]{0,9}|\*)$/.test(symbol)) return;
    issues.push({ path: `symbols[${index}]`, problem: "is no symbol", value: symbol, allowed: "such as AAPL, or *" });
  });
  if (args.port < 1024 || args.port > 65_535) {
    issues.push({ path: "port", problem: "is out of range", value: args.port, allowed: "1024 to 65535" });
  }
  if (args.staleSeconds < 60) {
    issues.push({
      path: "staleSeconds",
      problem: "is shorter than the metrics' minute",
      value: args.staleSeconds,
      allowed: "60 and more",
    });
  }
  args.overrides.forEach((override, index) => {
    const problem = overrideProblem(override);
    if (problem) issues.push({ path: `overrides[${index}]`, problem, value: override });
  });
  return issues;
}

/** The nth address of a block: `hostAddress("10.0.1.0/24", 10)` is `10.0.1.10`. */
export function hostAddress(cidr: string, number: number): string {
  const [base = ""] = cidr.split("/");
  const value = base.split(".").reduce((sum, part) => sum * 256 + Number(part), 0) + number;
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join(".");
}
