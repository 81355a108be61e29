import { Logger } from "@aws-lambda-powertools/logger";
import { DescribeImagesCommand, EC2Client } from "@aws-sdk/client-ec2";
import { PutParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { clientSettings, lazily, variable } from "../common/environment";
import { amiOfBuild, decide, type ImageStateEvent } from "./core";

/** Writes the AMI of a build that passed its tests into the stage's pointer. */
export function makeHandler(ec2: EC2Client, ssm: SSMClient) {
  const logger = new Logger();
  return async (event: ImageStateEvent) => {
    const decision = decide(event, variable("RECIPE"));
    if ("ignore" in decision) {
      logger.info("event left alone", decision);
      return { published: false };
    }
    const Filters = [{ Name: "tag:Ec2ImageBuilderArn", Values: [decision.publish] }];
    const { Images = [] } = await ec2.send(new DescribeImagesCommand({ Owners: ["self"], Filters }));
    const ami = amiOfBuild(Images, decision.publish);
    const parameter = { Name: variable("POINTER"), Value: ami, Type: "String", DataType: "aws:ec2:image" } as const;
    await ssm.send(new PutParameterCommand({ ...parameter, Overwrite: true }));
    logger.info("pointer written", { pointer: parameter.Name, ami });
    return { published: true, ami };
  };
}

export const handler = lazily(() => makeHandler(new EC2Client(clientSettings), new SSMClient(clientSettings)));
