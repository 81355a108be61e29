import assert from "node:assert/strict";
import { imageParameters } from "../../sandbox/seed";

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
