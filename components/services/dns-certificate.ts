import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

/** A name in a public zone of Route 53. */
export interface DomainArgs {
  /** Fully qualified, such as `terminal.example.com`. */
  readonly domainName: string;
  /** Hosted zone that answers for the name, `Z...`. */
  readonly zoneId: pulumi.Input<string>;
}

export interface DnsCertificateArgs extends DomainArgs {
  /** Region of the certificate: CloudFront only takes those of us-east-1. @default the provider's */
  readonly region?: string;
}

/**
 * A TLS certificate that proves itself by a record in the zone and renews itself as long as the record stays.
 *
 * Makes: `aws.acm.Certificate`, one `aws.route53.Record`, `aws.acm.CertificateValidation` (the deployment waits for it).
 * Cost: none.
 */
export class DnsCertificate extends pulumi.ComponentResource {
  /** ARN of the certificate once it is valid. */
  readonly arn: pulumi.Output<string>;

  constructor(name: string, args: DnsCertificateArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trading:services:DnsCertificate", name, {}, opts);
    const place = args.region ? { region: args.region } : {};
    const certificate = new aws.acm.Certificate(
      `${name}-certificate`,
      { domainName: args.domainName, validationMethod: "DNS", tags: { Name: name }, ...place },
      { parent: this },
    );
    const proof = certificate.domainValidationOptions.apply((options) => {
      const option = options.find(({ domainName }) => domainName === args.domainName);
      if (!option) throw new pulumi.RunError(`ACM gives no validation record for ${args.domainName}`);
      return option;
    });
    const record = new aws.route53.Record(
      `${name}-validation`,
      {
        zoneId: args.zoneId,
        name: proof.resourceRecordName,
        type: proof.resourceRecordType,
        records: [proof.resourceRecordValue],
        ttl: 300,
        allowOverwrite: true, // two certificates of one name prove themselves by the same record
      },
      { parent: this },
    );
    const validation = new aws.acm.CertificateValidation(
      `${name}-valid`,
      { certificateArn: certificate.arn, validationRecordFqdns: [record.fqdn], ...place },
      { parent: this },
    );
    this.arn = validation.certificateArn;
    this.registerOutputs({ arn: this.arn });
  }
}
