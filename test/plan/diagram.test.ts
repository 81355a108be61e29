import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { chromium, type Browser, type Page } from "playwright-core";
import { renderHtml } from "../../plan/diagram/html";
import { layOut } from "../../plan/diagram/layout";
import { renderMermaid } from "../../plan/diagram/mermaid";
import { everyStack } from "../../plan/checkov/run";
import { internetId, makeScene, type Place, type SceneNode } from "../../plan/diagram/scene";
import { groupsOf, permissions, showPorts } from "../../plan/diagram/security-groups";
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

  it("draws CloudFront between the internet and what lets in nobody else", () => {
    const vpc = resource("aws:ec2/vpc:Vpc", "vpc", { cidrBlock: "10.0.0.0/16" });
    const entry = resource("aws:ec2/securityGroup:SecurityGroup", "entry", {}, { vpcId: vpc });
    const rule = resource(
      "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
      "from-cloudfront",
      { prefixListId: "pl-3b927c52", ipProtocol: "tcp", fromPort: 443, toPort: 443 },
      { securityGroupId: entry },
    );
    const balancer = resource("aws:lb/loadBalancer:LoadBalancer", "web", {}, { securityGroups: entry });
    const site = resource("aws:cloudfront/distribution:Distribution", "site", {});
    const ends = (resources: Parameters<typeof planOf>[0]) =>
      makeScene(planOf(resources), "us-east-1").edges.map(({ from, to, label }) => [from, to, label]);
    assert.deepEqual(ends([vpc, entry, rule, balancer, site]), [
      [internetId, site.urn, "443"],
      [site.urn, balancer.urn, "443"],
    ]);
    assert.deepEqual(ends([vpc, entry, rule, balancer]), [[internetId, balancer.urn, "443"]]);
  });

  it("places what names no subnet where its launch template or its source stands", () => {
    const vpc = resource("aws:ec2/vpc:Vpc", "vpc", { cidrBlock: "10.0.0.0/16" });
    const subnet = resource("aws:ec2/subnet:Subnet", "app", { availabilityZone: "us-east-1a" }, { vpcId: vpc });
    const template = resource("aws:ec2/launchTemplate:LaunchTemplate", "shape", {}, { networkInterfaces: subnet });
    const trainer = resource("aws:ec2/instance:Instance", "trainer", {}, { launchTemplate: template });
    const other = resource("aws:ec2/subnet:Subnet", "other", { availabilityZone: "us-east-1b" }, { vpcId: vpc });
    const group = resource("aws:rds/subnetGroup:SubnetGroup", "group", {}, { subnetIds: subnet });
    const both = {
      ...group,
      propertyDependencies: { subnetIds: [subnet.urn, other.urn] },
    };
    const primary = resource("aws:rds/instance:Instance", "primary", {}, { dbSubnetGroupName: both });
    const replica = resource("aws:rds/instance:Instance", "replica", {}, { replicateSourceDb: primary });
    const { root } = makeScene(planOf([vpc, subnet, template, trainer, other, both, primary, replica]), "us-east-1");
    const [network] = root.places;
    assert.deepEqual(
      network?.nodes.map(({ label }) => label),
      ["primary", "replica"],
    );
    assert.deepEqual(
      network.places[0]?.places[0]?.nodes.map(({ label }) => label),
      ["trainer"],
    );
  });

  for (const { name, configFile } of everyStack(projectRoot())) {
    it(`of ${name} draws what its security groups let through, under 2 MB`, async () => {
      const where = configFile ? { configFile } : { stack: name };
      const { plan, region } = await makePlan({ root: projectRoot(), ...where, policies: false });
      const { root, edges } = makeScene(plan, region);
      const traffic = edges.filter(({ kind }) => kind === "traffic");
      const byUrn = new Map(plan.resources.map((one) => [one.urn, one]));
      const drawn = new Map(allNodes(root).flatMap(({ id, urns }) => urns.map((urn) => [urn, id] as const)));
      const nodesIn = (group: string) =>
        plan.resources.filter((one) => groupsOf(one, byUrn).includes(group)).flatMap(({ urn }) => drawn.get(urn) ?? []);
      let expected = 0;
      for (const permission of permissions(plan, "ingress")) {
        const ends = nodesIn(permission.to);
        const starts = permission.from.group === undefined ? undefined : nodesIn(permission.from.group);
        for (const to of new Set(ends)) {
          for (const from of starts ? new Set(starts) : [undefined]) {
            if (from === to) continue;
            const found = traffic.find((edge) => edge.to === to && (from === undefined || edge.from === from));
            assert.ok(found?.label.split(", ").includes(showPorts(permission)), `${permission.rule}: ${from} to ${to}`);
            expected++;
          }
        }
      }
      assert.ok(expected > 0 && traffic.length > 0);
      assert.ok(edges.some(({ kind }) => kind === "reference"));
      const html = await renderHtml(plan, region);
      assert.ok(Buffer.byteLength(html) < 2 * 1024 * 1024, String(Buffer.byteLength(html)));
    });
  }

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
    let made: Awaited<ReturnType<typeof makePlan>>;
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
      made = await makePlan({ root: projectRoot(), stack: "prod", policies: false });
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
            {
              policy: "long",
              enforcement: "advisory",
              severity: "low",
              urn: evil.urn,
              message: "aws.s3.Bucket".repeat(20),
            },
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

    it("breaks long words in the panel instead of pushing them out of sight", async () => {
      const panel = await page.evaluate<{ scrollWidth: number; clientWidth: number }>(
        "(({ scrollWidth, clientWidth }) => ({ scrollWidth, clientWidth }))(document.querySelector('#details'))",
      );
      assert.equal(panel.scrollWidth, panel.clientWidth);
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

    it("shows who may talk to whom, with the ports above everything", async () => {
      const to = (name: string) => made.plan.resources.find((one) => one.name === name)?.urn ?? "";
      const database = to("data-postgres-primary").replace(/["\\]/g, "\\$&");
      const lines = page.locator(`.edge.traffic[data-to="${database}"] path`);
      assert.ok((await lines.count()) > 0);
      assert.ok(await page.locator(`.edge.traffic[data-to="${database}"] text`).first().isVisible());
      const ports = await page.locator(`.edge.traffic[data-to="${database}"] text`).allTextContents();
      assert.deepEqual(new Set(ports), new Set(["5432"]));
      const order = await page.evaluate<boolean>(
        `[...document.querySelectorAll(".edge text")].every((text) =>
          [...document.querySelectorAll(".node")].at(-1).compareDocumentPosition(text) & Node.DOCUMENT_POSITION_FOLLOWING)`,
      );
      assert.ok(order, "no node hides a port");
      const hidden = await page.evaluate<string[]>(
        `(() => {
          const boxes = [...document.querySelectorAll(".node .body")].map((body) => body.getBoundingClientRect());
          const texts = [...document.querySelectorAll(".edge.traffic text")];
          return texts.filter((text) => {
            const { x, y, width, height } = text.getBoundingClientRect();
            return boxes.some((box) => box.left < x + width / 2 && box.right > x + width / 2 &&
              box.top < y + height / 2 && box.bottom > y + height / 2);
          }).map((text) => text.parentNode.dataset.from + " -> " + text.parentNode.dataset.to);
        })()`,
      );
      assert.deepEqual(hidden, [], "no port hides a node's name");
      await page.getByRole("checkbox", { name: "Network" }).uncheck();
      assert.equal(await page.locator(".edge.traffic:visible").count(), 0);
      await page.getByRole("checkbox", { name: "Network" }).check();
    });

    it("lists what has no price, with the reason", async () => {
      await page.keyboard.press("Escape");
      const text = await page.locator("#details").innerText();
      assert.ok(made.plan.cost.unpriced.length > 0);
      for (const [type, reason] of Object.entries(made.plan.cost.reasons ?? {})) {
        assert.ok(text.includes(type) && text.includes(reason), type);
      }
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
