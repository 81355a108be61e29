import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { chromium, type Browser, type Page } from "playwright-core";
import { renderHtml } from "../../plan/diagram/html";
import { layOut } from "../../plan/diagram/layout";
import { renderMermaid } from "../../plan/diagram/mermaid";
import { internetId, makeScene, type Place, type SceneNode } from "../../plan/diagram/scene";
import type { Plan } from "../../plan/json";
import { makePlan } from "../../plan/plan";
import { projectRoot } from "../../plan/settings/project";
import { Scratch } from "./support/cli";
import { planOf, resource } from "./support/fixture";

const executablePath = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((file) =>
  existsSync(file),
);

const allNodes = (place: Place): SceneNode[] => [...place.nodes, ...place.places.flatMap(allNodes)];

describe("the diagram", () => {
  it("puts places into places, and draws who may talk to whom", () => {
    const vpc = resource("aws:ec2/vpc:Vpc", "vpc", { cidrBlock: "10.0.0.0/16" });
    const subnet = resource(
      "aws:ec2/subnet:Subnet",
      "app",
      { availabilityZone: "us-east-1a", cidrBlock: "10.0.1.0/24" },
      { vpcId: vpc },
    );
    const chicago = resource("aws:ec2/subnet:Subnet", "chi", { availabilityZone: "us-east-1-chi-2a" }, { vpcId: vpc });
    const web = resource("aws:ec2/securityGroup:SecurityGroup", "web", {}, { vpcId: vpc });
    const db = resource("aws:ec2/securityGroup:SecurityGroup", "db", {}, { vpcId: vpc });
    const ingress = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule";
    const open = resource(
      ingress,
      "https",
      { cidrIpv4: "0.0.0.0/0", ipProtocol: "tcp", fromPort: 443, toPort: 443 },
      { securityGroupId: web },
    );
    const toDb = resource(
      ingress,
      "sql",
      { ipProtocol: "tcp", fromPort: 5432, toPort: 5432 },
      { securityGroupId: db, referencedSecurityGroupId: web },
    );
    const host = resource("aws:ec2/instance:Instance", "host", {}, { subnetId: subnet, vpcSecurityGroupIds: web });
    const data = resource("aws:rds/instance:Instance", "orders", {}, { vpcSecurityGroupIds: db });
    const scene = makeScene(planOf([vpc, subnet, chicago, web, db, open, toDb, host, data]), "us-east-1");
    const [network] = scene.root.places;
    assert.deepEqual(
      network?.places.map(({ kind, label }) => [kind, label]),
      [
        ["zone", "us-east-1a"],
        ["local-zone", "us-east-1-chi-2a"],
      ],
    );
    assert.deepEqual(
      network.places[0]?.places[0]?.nodes.map(({ label }) => label),
      ["host"],
    );
    assert.deepEqual(
      scene.edges.map(({ from, to, label }) => [from, to, label]),
      [
        [internetId, host.urn, "443"],
        [host.urn, data.urn, "5432"],
      ],
    );
    const mermaid = renderMermaid(scene);
    assert.match(mermaid, /\(\(Internet\)\)/);
    assert.match(mermaid, /-->\|"5432"\|/);
  });

  it("lays out without overlaps", async () => {
    const { plan } = await makePlan({ root: projectRoot(), stack: "prod", policies: false });
    const scene = makeScene(plan, "us-east-1");
    const { boxes } = await layOut(scene);
    const check = (place: Place) => {
      const inner = [...place.nodes, ...place.places].map(({ id }) => boxes.get(id)!);
      const outer = boxes.get(place.id)!;
      for (const [index, a] of inner.entries()) {
        assert.ok(
          a.x >= outer.x &&
            a.y >= outer.y &&
            a.x + a.width <= outer.x + outer.width + 1 &&
            a.y + a.height <= outer.y + outer.height + 1,
        );
        for (const b of inner.slice(index + 1)) {
          assert.ok(a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y);
        }
      }
      place.places.forEach(check);
    };
    check(scene.root);
    const drawn = allNodes(scene.root).flatMap(({ urns }) => urns);
    assert.equal(new Set(drawn).size, drawn.length);
    const total = allNodes(scene.root).reduce((sum, { monthly }) => sum + monthly, 0);
    assert.ok(total <= plan.cost.monthly + 0.01, "one cost run for all formats");
  });

  it("draws a fleet of 1,000 as groups, under 2 MB", async function () {
    this.timeout(120_000);
    const scratch = new Scratch();
    try {
      const models = scratch.file("listing.txt");
      writeFileSync(
        models,
        Array.from({ length: 1_000 }, (_, index) => `models/momentum/S${index}/m-outer_1_inner_${index}\n`).join(""),
      );
      const { plan, region } = await makePlan({ root: projectRoot(), stack: "prod", models, policies: false });
      const html = await renderHtml(plan, region);
      assert.ok(Buffer.byteLength(html) < 2 * 1024 * 1024, String(Buffer.byteLength(html)));
      const nodes = allNodes(makeScene(plan, region).root);
      const instances = nodes.filter(
        ({ kind, urns }) => kind.label === "EC2 instance" && urns.some((urn) => urn.includes("::fleet-")),
      );
      assert.equal(
        instances.reduce((sum, { urns }) => sum + urns.length, 0),
        1_000,
      );
      assert.ok(instances.length <= 6, "one group a subnet");
    } finally {
      scratch.remove();
    }
  });

  describe("in a browser", () => {
    let browser: Browser | undefined;
    let page: Page;
    let scratch: Scratch | undefined;
    let file = "";
    const asked: string[] = [];
    const problems: string[] = [];

    before(async function () {
      if (!executablePath) {
        // Only on a machine of one's own: a build without a browser proves nothing about the page.
        assert.ok(!process.env.CI, "Chromium is missing: apt-get install chromium");
        this.skip();
      }
      this.timeout(120_000);
      const folder = (scratch = new Scratch());
      const made = await makePlan({ root: projectRoot(), stack: "prod", policies: false });
      const evil = resource("aws:s3/bucket:Bucket", "</script><img src=x onerror=alert(1)>", {
        bucket: "</script><script>alert(2)</script>",
      });
      const plan: Plan = {
        ...made.plan,
        resources: [...made.plan.resources, evil],
        policy: {
          evaluated: 1,
          violations: [
            { policy: "made-up", enforcement: "mandatory", severity: "high", urn: evil.urn, message: "<b>bold</b>" },
          ],
        },
      };
      file = folder.file("plan.html");
      writeFileSync(file, await renderHtml(plan, made.region));
      browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
      page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
      page.on("request", (request) => asked.push(request.url()));
      page.on("pageerror", (error) => problems.push(error.message));
      page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
      page.on("dialog", (dialog) => {
        problems.push(dialog.message());
        void dialog.dismiss();
      });
      await page.goto(pathToFileURL(file).href);
    });
    after(async () => {
      await browser?.close();
      scratch?.remove();
    });

    it("asks nobody for anything, and runs nothing that a plan says", () => {
      assert.deepEqual(asked, [pathToFileURL(file).href]);
      assert.deepEqual(problems, []);
    });

    for (const colorScheme of ["light", "dark"] as const) {
      it(`has nothing for axe-core to find, ${colorScheme}`, async () => {
        await page.emulateMedia({ colorScheme });
        await page.locator(".node").first().click();
        // Not as a script element: the page's own policy would stop it elsewhere than in a test.
        await page.evaluate(readFileSync(require.resolve("axe-core/axe.min.js"), "utf8"));
        const { violations } = await page.evaluate<{
          violations: { id: string; nodes: { html: string }[] }[];
        }>("axe.run()");
        assert.deepEqual(
          violations.map(({ id, nodes }) => [id, nodes[0]?.html.slice(0, 200)]),
          [],
        );
      });
    }

    it("shows a resource's inputs, cost, policies and where it is declared", async () => {
      await page.locator('.node[data-name="network-nat-us-east-1a"]').click();
      const details = page.locator("#details");
      await details.getByRole("heading", { name: "network-nat-us-east-1a" }).first().waitFor();
      const text = await details.innerText();
      for (const part of [
        "components/network/trading-vpc.ts",
        "$0.045 a hour",
        '"allocationId"',
        "aws:ec2/natGateway:NatGateway",
      ]) {
        assert.ok(text.includes(part), part);
      }
      await page.locator(".node.violated").first().click();
      assert.match(await details.innerText(), /made-up \(mandatory, high\)\s+<b>bold<\/b>/);
    });

    it("searches", async () => {
      await page.getByLabel("Search").fill("nat gateway");
      assert.equal(await page.locator("#found").innerText(), "3 found");
      assert.equal(await page.locator(".node.hit").count(), 3);
      await page.getByLabel("Search").fill("");
      assert.equal(await page.locator(".node.miss").count(), 0);
    });

    it("switches layers", async () => {
      await page.getByRole("checkbox", { name: "Data" }).uncheck();
      assert.equal(await page.locator(".node.data:visible").count(), 0);
      await page.getByRole("checkbox", { name: "Data" }).check();
      assert.ok((await page.locator(".node.data:visible").count()) > 0);
    });

    it("goes by keyboard alone", async () => {
      const first = page.locator(".node").first();
      await first.focus();
      await page.keyboard.press("Enter");
      const label = (await first.getAttribute("data-name"))!;
      assert.equal(await page.locator("#details h2").first().innerText(), label);
      await page.keyboard.press("ArrowRight");
      const focused = await page.evaluate("document.activeElement.getAttribute('data-name')");
      assert.ok(typeof focused === "string" && focused !== label);
      await page.keyboard.press("Escape");
      assert.match(await page.locator("#details").innerText(), /Choose a resource/);
    });
  });
});
