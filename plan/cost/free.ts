/**
 * Types that AWS charges nothing for: they are parts or settings of something that is priced itself. A type that is neither
 * here nor has a pricer is reported as unpriced.
 */
const freePatterns: readonly RegExp[] = [
  /^aws:iam\//,
  /^aws:vpc\/securityGroup\w+:/,
  /^aws:ec2\/(vpc|subnet|securityGroup|securityGroupRule|internetGateway|egressOnlyInternetGateway|route|routeTable|routeTableAssociation|mainRouteTableAssociation|networkAcl|networkAclRule|networkAclAssociation|defaultSecurityGroup|defaultNetworkAcl|defaultRouteTable|launchTemplate|flowLog|vpcDhcpOptions|vpcEndpointPolicy|vpcEndpointRouteTableAssociation|availabilityZoneGroup|placementGroup|keyPair|eipAssociation|volumeAttachment|instanceMetadataDefaults|serialConsoleAccess|imageBlockPublicAccess|networkInterface|networkInterfaceAttachment|tag|managedPrefixList):/,
  /^aws:ec2transitgateway\/(?!transitGateway:|vpcAttachment:)/,
  /^aws:ebs\/(encryptionByDefault|snapshotBlockPublicAccess|defaultKmsKey):/,
  /^aws:s3\/(?!bucket:)/,
  /^aws:kms\/(alias|grant|keyPolicy):/,
  /^aws:secretsmanager\/(?!secret:)/,
  /^aws:sns\/(topicPolicy|topicSubscription):/,
  /^aws:sqs\/(queuePolicy|redrivePolicy|redriveAllowPolicy):/,
  /^aws:rds\/(subnetGroup|parameterGroup|optionGroup|eventSubscription):/,
  /^aws:elasticache\/(subnetGroup|parameterGroup|user|userGroup|userGroupAssociation):/,
  /^aws:lb\/(?!loadBalancer:)/,
  /^aws:acm\//,
  /^aws:wafv2\/(webAclAssociation|webAclLoggingConfiguration|ipSet|regexPatternSet):/,
  /^aws:route53\/record:/,
  /^aws:autoscaling\/(?!group:)/,
  /^aws:appautoscaling\//,
  /^aws:lambda\/(invocation|permission|eventSourceMapping|alias|functionEventInvokeConfig|layerVersion):/,
  /^aws:cloudwatch\/(logStream|logDeliverySource|logDeliveryDestination|eventRule|eventTarget|logResourcePolicy|logSubscriptionFilter|eventPermission|queryDefinition|logDataProtectionPolicy):/,
  /^aws:glue\/(catalogDatabase|catalogTable):/, // the first million objects
  /^aws:ecs\/(cluster|taskDefinition|clusterCapacityProviders|accountSettingDefault):/,
  /^aws:ecr\/(lifecyclePolicy|repositoryPolicy|registryScanningConfiguration):/,
  /^aws:efs\/(mountTarget|accessPoint|fileSystemPolicy|backupPolicy):/,
  /^aws:backup\/(restoreTestingPlan|plan|selection|restoreTestingPlan|vaultPolicy|vaultLockConfiguration|vaultNotifications|regionSettings|globalSettings):/,
  /^aws:ssm\/(document|association|maintenanceWindow\w*|patchBaseline|patchGroup):/,
  /^aws:scheduler\/scheduleGroup:/,
  /^aws:cfg\/(recorderStatus|deliveryChannel|aggregateAuthorization|retentionConfiguration):/,
  /^aws:guardduty\/(detectorFeature|publishingDestination|filter|ipset|threatintelset):/,
  /^aws:securityhub\/(standardsSubscription|actionTarget|insight|findingAggregator):/,
  /^aws:accessanalyzer\//,
  /^aws:budgets\//,
  /^aws:resourcegroups\//,
  /^aws:cloudfront\/(originAccessControl|cachePolicy|originRequestPolicy|responseHeadersPolicy|functionAssociation):/,
  /^aws:eks\/(accessEntry|accessPolicyAssociation|addon|identityProviderConfig|podIdentityAssociation):/,
  /^aws:batch\/(jobDefinition|jobQueue|schedulingPolicy):/,
  /^aws:dlm\//,
  /^aws:servicediscovery\/(privateDnsNamespace|service):/,
  /^aws:imagebuilder\//,
  /^eks:index:(VpcCni|Addon|ClusterCreationRoleProvider)/,
  /^kubernetes:/,
  /^docker:/,
  /^docker-build:/,
  /^random:/,
  /^tls:/,
  /^command:/,
  /^pulumi:/,
  /^pulumi-nodejs:/,
];

/** True for a type that is known to cost nothing of its own. */
export function isFree(type: string): boolean {
  return freePatterns.some((pattern) => pattern.test(type));
}
