/** Instances, their volumes, containers and Kubernetes. */
import { NoPrice, list, number, object, text, type Bill, type Pricer, type PricerContext } from "../pricer";

/** Root volume where none is declared: what the provider makes of it is the AMI's, mostly 8 GB of gp2. */
const defaultRootGb = 8;
/** Included in gp3's price. */
const gp3Iops = 3_000;
const gp3ThroughputMb = 125;
/** Metrics of EC2's detailed monitoring that are charged for each instance. */
const detailedMetrics = 7;

/** Puts a volume's storage, IOPS and throughput on the bill, `count` times. */
function volume(bill: Bill, what: string, fields: Readonly<Record<string, unknown>>, count = 1): void {
  const type = text(fields.volumeType) ?? text(fields.type) ?? "gp2";
  const gb = number(fields.volumeSize ?? fields.size, defaultRootGb);
  bill.add(`${what} (${type})`, gb * count, `ebs.${type}`);
  const iops = number(fields.iops, 0);
  if (type === "io1" || type === "io2") bill.add("its IOPS", Math.max(iops, 100) * count, `ebs.${type}.iops`);
  if (type !== "gp3") return;
  if (iops > gp3Iops) bill.add("its IOPS", (iops - gp3Iops) * count, "ebs.gp3.iops");
  const throughput = number(fields.throughput, gp3ThroughputMb);
  if (throughput > gp3ThroughputMb) {
    bill.add("its throughput", (throughput - gp3ThroughputMb) * count, "ebs.gp3.throughput");
  }
}

type Fields = Readonly<Record<string, unknown>>;

/** An instance's own inputs over its launch template's. */
function instanceFields(context: PricerContext, property: string): { own: Fields; template: Fields } {
  const template = context.source(property, "aws:ec2/launchTemplate:LaunchTemplate");
  return { own: context.inputs, template: object(template?.inputs) };
}

function mappings(template: Fields): Fields[] {
  return list(template.blockDeviceMappings).map((mapping) => object(object(mapping).ebs));
}

const instance: Pricer = (context, bill) => {
  const { own, template } = instanceFields(context, "launchTemplate");
  const type = text(own.instanceType) ?? text(template.instanceType);
  if (!type) throw new NoPrice("an instance without a type");
  const { hours, note } = context.runningHours;
  bill.add(type, hours, `ec2.${type}`);
  if (note) bill.note(note);
  if (Object.keys(object(own.instanceMarketOptions ?? template.instanceMarketOptions)).length > 0) {
    bill.note("spot capacity at the on-demand price, its upper bound");
  }
  if (own.monitoring === true || object(template.monitoring).enabled === true) {
    bill.add("detailed monitoring", detailedMetrics, "ec2.detailed-monitoring");
  }
  const templateVolumes = mappings(template);
  const declared = Object.keys(object(own.rootBlockDevice)).length > 0;
  if (declared || templateVolumes.length === 0) volume(bill, "root volume", object(own.rootBlockDevice));
  for (const fields of templateVolumes.slice(declared ? 1 : 0)) volume(bill, "volume", fields);
  for (const fields of list(own.ebsBlockDevices)) volume(bill, "volume", object(fields));
};

const autoscalingGroup: Pricer = (context, bill) => {
  const mixed = object(context.inputs.mixedInstancesPolicy);
  const property = Object.keys(mixed).length > 0 ? "mixedInstancesPolicy" : "launchTemplate";
  const { own, template } = instanceFields(context, property);
  const first = object(list(object(mixed.launchTemplate).overrides)[0]);
  const type = text(first.instanceType) ?? text(template.instanceType);
  const count = number(own.desiredCapacity ?? own.minSize, 0);
  if (count === 0) {
    bill.note("no instance as it stands: desired capacity 0");
    return;
  }
  if (!type) throw new NoPrice("an Auto Scaling group without an instance type");
  const { hours, note } = context.runningHours;
  bill.add(`${count} x ${type}`, hours * count, `ec2.${type}`);
  if (note) bill.note(note);
  if (object(template.monitoring).enabled === true) {
    bill.add("detailed monitoring", detailedMetrics * count, "ec2.detailed-monitoring");
  }
  for (const fields of mappings(template)) volume(bill, "volume", fields, count);
};

/** Task size by the task definition's CPU units and MiB. */
function fargate(bill: Bill, tasks: number, cpuUnits: number, memoryMiB: number): void {
  if (tasks === 0) {
    bill.note("no task as it stands: desired count 0");
    return;
  }
  bill.hours(`${tasks} x ${cpuUnits / 1024} vCPU`, (tasks * cpuUnits) / 1024, "fargate.vcpu");
  bill.hours(`${tasks} x ${memoryMiB / 1024} GB`, (tasks * memoryMiB) / 1024, "fargate.gb");
}

const ecsService: Pricer = (context, bill) => {
  const { inputs } = context;
  const strategies = list(inputs.capacityProviderStrategies).map((one) => text(object(one).capacityProvider) ?? "");
  if (inputs.launchType === "EC2") {
    bill.note("runs on instances that are priced themselves");
    return;
  }
  if (strategies.includes("FARGATE_SPOT")) bill.note("spot capacity at the on-demand price, its upper bound");
  const task = context.source("taskDefinition", "aws:ecs/taskDefinition:TaskDefinition");
  if (!task) throw new NoPrice("a service whose task definition is not in the plan");
  fargate(bill, number(inputs.desiredCount, 1), number(task.inputs.cpu, 256), number(task.inputs.memory, 512));
};

/** awsx's Fargate service is built by its provider: its size stands in the task's or the containers' inputs. */
const awsxFargateService: Pricer = (context, bill) => {
  const { inputs } = context;
  const args = object(inputs.taskDefinitionArgs);
  const containers = [object(args.container), ...Object.values(object(args.containers)).map(object)];
  const total = (field: string) => containers.reduce((sum, one) => sum + number(one[field], 0), 0);
  const task = context.source("taskDefinition", "aws:ecs/taskDefinition:TaskDefinition");
  const cpu = number(args.cpu ?? task?.inputs.cpu, total("cpu") || 256);
  const memory = number(args.memory ?? task?.inputs.memory, total("memory") || 512);
  fargate(bill, number(inputs.desiredCount, 1), cpu, memory);
};

/** Oldest Kubernetes 1.x in EKS's standard support at the price table's date (1.33 left it on 2026-07-29). */
const standardKubernetes = 34;

function controlPlane(bill: Bill, version: string | undefined): void {
  const minor = number(version?.split(".")[1], standardKubernetes);
  const extended = minor < standardKubernetes;
  if (extended) bill.note(`version ${version ?? ""} is in extended support`);
  bill.hours("control plane", 1, extended ? "eks.cluster.extended" : "eks.cluster");
}

const eksCluster: Pricer = ({ inputs }, bill) => {
  controlPlane(bill, text(inputs.version));
  if (inputs.skipDefaultNodeGroup === true || inputs.fargate !== undefined) return;
  if (inputs.instanceType === undefined && inputs.desiredCapacity === undefined) return;
  const type = text(inputs.instanceType) ?? "t3.medium";
  const count = number(inputs.desiredCapacity, 2);
  bill.hours(`${count} x ${type}`, count, `ec2.${type}`);
};

const eksNodeGroup: Pricer = (context, bill) => {
  const { inputs } = context;
  const scaling = object(inputs.scalingConfig);
  const count = number(scaling.desiredSize ?? inputs.desiredCapacity ?? scaling.minSize ?? inputs.minSize, 2);
  const template = object(context.source("launchTemplate", "aws:ec2/launchTemplate:LaunchTemplate")?.inputs);
  const type =
    text(list(inputs.instanceTypes)[0]) ?? text(inputs.instanceType) ?? text(template.instanceType) ?? "t3.medium";
  if (count === 0) {
    bill.note("no node as it stands: desired size 0");
    return;
  }
  bill.hours(`${count} x ${type}`, count, `ec2.${type}`);
  if (inputs.capacityType === "SPOT") bill.note("spot capacity at the on-demand price, its upper bound");
  const volumes = mappings(template);
  if (volumes.length > 0) for (const fields of volumes) volume(bill, "volume", fields, count);
  else {
    const gb = number(inputs.diskSize ?? inputs.nodeRootVolumeSize, 20);
    volume(bill, "root volume", { volumeSize: gb, volumeType: text(inputs.nodeRootVolumeType) ?? "gp3" }, count);
  }
};

/** Invocations at the documented assumption, each at the function's memory. */
const lambdaFunction: Pricer = ({ inputs, usage }, bill) => {
  const { requestsMillions, durationSeconds } = usage.lambda;
  const architecture = text(list(inputs.architectures)[0]) ?? "x86_64";
  const gb = number(inputs.memorySize, 128) / 1024;
  bill.add("requests", requestsMillions, "lambda.requests");
  bill.add("duration", requestsMillions * 1e6 * durationSeconds * gb, `lambda.gb-seconds.${architecture}`);
};

/** vCPUs of a size: `xlarge` has four in every family, and each multiple as many times. */
function vcpusOf(size: string): number | undefined {
  if (size === "large") return 2;
  const [, times] = /^(\d*)xlarge$/.exec(size) ?? [];
  return times === undefined ? undefined : 4 * Number(times || 1);
}

/** Batch starts instances for jobs and ends them: its jobs' vCPU hours are assumed, at the first type that it may start. */
const batch: Pricer = ({ inputs, usage }, bill) => {
  const resources = object(inputs.computeResources);
  const [family = "", size = "xlarge"] = (text(list(resources.instanceTypes)[0]) ?? "").split(".");
  const vcpus = vcpusOf(size);
  if (vcpus === undefined) throw new NoPrice(`batch.${family}.${size}`);
  const hours = usage.batch.vcpuHours / vcpus;
  bill.add(`${usage.batch.vcpuHours} vCPU hours of jobs on ${family}.${size}`, hours, `ec2.${family}.${size}`);
  if (text(resources.type) === "SPOT") bill.note("spot capacity at the on-demand price, its upper bound");
};

export const computePricers: Readonly<Record<string, Pricer>> = {
  "aws:ec2/instance:Instance": instance,
  "aws:autoscaling/group:Group": autoscalingGroup,
  "aws:ebs/volume:Volume": ({ inputs }, bill) => volume(bill, "volume", inputs),
  "aws:ecs/service:Service": ecsService,
  "awsx:ecs:FargateService": awsxFargateService,
  "aws:eks/cluster:Cluster": ({ inputs }, bill) => controlPlane(bill, text(inputs.version)),
  "eks:index:Cluster": eksCluster,
  "aws:eks/nodeGroup:NodeGroup": eksNodeGroup,
  "eks:index:ManagedNodeGroup": eksNodeGroup,
  "eks:index:NodeGroup": eksNodeGroup,
  "eks:index:NodeGroupV2": eksNodeGroup,
  "aws:lambda/function:Function": lambdaFunction,
  "aws:batch/computeEnvironment:ComputeEnvironment": batch,
};
