import assert from "node:assert/strict";
import { hostedZones, imageParameters } from "../../sandbox/seed";

describe("the images that a stack's settings name", () => {
  it("are the parameters of one's own, once each, wherever they stand", () => {
    const own = "resolve:ssm:/trading-platform/timescale/ami";
    const settings = {
      data: { timescale: { ami: own, nodes: [{ ami: own }] } },
      fleet: { ami: "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64" },
      trader: { ami: "ami-0123456789abcdef0", other: undefined, count: 2 },
    };
    assert.deepEqual(imageParameters(settings), ["/trading-platform/timescale/ami"]);
  });
});

describe("the public zones that a stack's settings name", () => {
  it("are named by what their names have in common, once each", () => {
    const zoneId = "Z0123456789EXAMPLE";
    const settings = {
      web: { loadBalancer: { domain: { domainName: "api.terminal.example.com", zoneId } } },
      site: { domain: { domainName: "terminal.example.com", zoneId } },
      services: { api: [{ domain: { domainName: "bot.other.example", zoneId: "Z1" } }] },
      mlflow: { domain: "mlflow.trading.internal" },
    };
    assert.deepEqual(
      [...hostedZones(settings)],
      [
        [zoneId, "example.com"],
        ["Z1", "other.example"],
      ],
    );
  });
});
