import assert from "node:assert/strict";
import { layOut, nodeSize } from "../../../plan/diagram/layout";
import { makeScene, type Place, type SceneNode } from "../../../plan/diagram/scene";
import { renderSvg } from "../../../plan/diagram/svg";
import { makePlan } from "../../../plan/plan";
import { projectRoot } from "../../../plan/settings/project";
import { planOf, resource } from "../support/fixture";

const allNodes = (place: Place): SceneNode[] => [...place.nodes, ...place.places.flatMap(allNodes)];

describe("the drawing", () => {
  it("shows the number of violations beyond a node's name and cost, and says it in words", async () => {
    const bucket = resource("aws:s3/bucket:Bucket", "site-files-bucket");
    const other = resource("aws:s3/bucket:Bucket", "other-bucket");
    const one = { policy: "p", enforcement: "advisory", severity: "low", urn: bucket.urn, message: "m" } as const;
    const plan = planOf([bucket, other], { policy: { evaluated: 1, violations: [one, one] } });
    const scene = makeScene(plan, "us-east-1");
    const svg = renderSvg(scene, await layOut(scene));
    assert.match(svg, /aria-label="site-files-bucket S3 bucket 2 violations"/);
    assert.ok(!svg.includes('aria-label="other-bucket'));
    const [, x, y, width, height] =
      /class="alarm"><rect x="(\d+)" y="(-?\d+)" width="(\d+)" height="(\d+)"/.exec(svg) ?? [];
    const nameBegins = 46;
    const nameIsAt = { top: 12, right: nodeSize.width - 8 };
    assert.ok(Number(x) > nameBegins && Number(x) + Number(width) > nodeSize.width, "at the right corner");
    assert.ok(Number(y) + Number(height) <= nameIsAt.top || Number(x) >= nameIsAt.right, "not on the name");
  });

  it("cuts a kind where its cost needs the room", async () => {
    const site = resource("aws:cloudfront/distribution:Distribution", "site");
    const kindOf = async (monthly: number) => {
      const lines = monthly > 0 ? [{ urn: site.urn, component: "site", monthly, basis: "" }] : [];
      const scene = makeScene(planOf([site], { cost: { currency: "USD", monthly, lines, unpriced: [] } }), "us-east-1");
      return /class="kind"[^>]*>([^<]*)</.exec(renderSvg(scene, await layOut(scene)))?.[1];
    };
    assert.equal(await kindOf(0), "CloudFront distribution");
    assert.match((await kindOf(4.25)) ?? "", /^CloudFront dist\w*…$/);
  });

  it("lays no port on a node or on another port", async () => {
    const { plan, region } = await makePlan({
      root: projectRoot(),
      configFile: "blueprints/web-terminal.yaml",
      policies: false,
    });
    const scene = makeScene(plan, region);
    const layout = await layOut(scene);
    const svg = renderSvg(scene, layout);
    const ports = [...svg.matchAll(/<text x="([\d.]+)" y="([\d.]+)">([\d, -]+)<\/text>/g)].map(
      ([, x, y, text = ""]) => {
        const width = text.length * 6.5;
        return { text, x: Number(x) - width / 2, y: Number(y) - 9, width, height: 11 };
      },
    );
    assert.ok(ports.some(({ text }) => text === "5432") && ports.length > 5, String(ports.length));
    const nodes = allNodes(scene.root).map(({ id, label }) => ({ text: label, ...layout.boxes.get(id)! }));
    for (const [index, port] of ports.entries()) {
      for (const other of [...nodes, ...ports.slice(index + 1)]) {
        const apart =
          port.x + port.width <= other.x ||
          other.x + other.width <= port.x ||
          port.y + port.height <= other.y ||
          other.y + other.height <= port.y;
        assert.ok(apart, `${port.text} lies on ${other.text}`);
      }
    }
  });
});
