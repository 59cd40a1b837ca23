/**
 * Asks AWS about its load balancers with the official client, which is loaded when it is first needed: most clusters never do. Region and
 * credentials come the way the client finds them (environment, files, the pod's identity).
 */
import type { ElasticLoadBalancingV2Client, ElasticLoadBalancingV2ClientConfig } from '@aws-sdk/client-elastic-load-balancing-v2';
import type { LoadBalancer, LoadBalancers, RegisteredTarget, TargetGroup } from './verification.ts';

/** AWS takes so many ARNs a question about tags, and gives so many load balancers a page. */
const tagsMax = 20;
const pageSize = 300;

type Library = typeof import('./aws-library.ts');
type Loaded = { readonly sdk: Library; readonly client: ElasticLoadBalancingV2Client };

/** @param options - passed to the client, for tests and other partitions */
export function awsLoadBalancers(options: ElasticLoadBalancingV2ClientConfig = {}): LoadBalancers {
  let loaded: Promise<Loaded> | undefined;
  const load = async (): Promise<Loaded> => {
    loaded ??= import('./aws-library.ts').then((sdk) => ({
      sdk,
      client: new sdk.ElasticLoadBalancingV2Client(options),
    }));
    return loaded;
  };

  return {
    async findByDnsName(name): Promise<LoadBalancer | undefined> {
      const { sdk, client } = await load();
      for await (const { LoadBalancers: found = [] } of sdk.paginateDescribeLoadBalancers({ client, pageSize }, {})) {
        const balancer = found.find(({ DNSName }) => DNSName === name);
        if (balancer?.LoadBalancerArn !== undefined) return { name: balancer.LoadBalancerName ?? '', arn: balancer.LoadBalancerArn };
      }
      return undefined;
    },

    async targetGroupsOf(loadBalancerArn): Promise<readonly TargetGroup[]> {
      const { sdk, client } = await load();
      const groups: { name: string; arn: string }[] = [];
      for await (const page of sdk.paginateDescribeTargetGroups({ client }, { LoadBalancerArn: loadBalancerArn }))
        for (const { TargetGroupName: name = '', TargetGroupArn: arn = '' } of page.TargetGroups ?? []) groups.push({ name, arn });

      const tags = new Map<string, Record<string, string>>();
      for (let at = 0; at < groups.length; at += tagsMax) {
        const ResourceArns = groups.slice(at, at + tagsMax).map(({ arn }) => arn);
        const { TagDescriptions = [] } = await client.send(new sdk.DescribeTagsCommand({ ResourceArns }));
        for (const { ResourceArn = '', Tags = [] } of TagDescriptions)
          tags.set(ResourceArn, Object.fromEntries(Tags.map(({ Key = '', Value = '' }) => [Key, Value])));
      }

      const weights = new Map<string, number>();
      for await (const { Listeners = [] } of sdk.paginateDescribeListeners({ client }, { LoadBalancerArn: loadBalancerArn })) {
        for (const { ListenerArn } of Listeners) {
          if (ListenerArn === undefined) continue;
          for await (const { Rules = [] } of sdk.paginateDescribeRules({ client }, { ListenerArn })) {
            const forwards = Rules.flatMap(({ Actions = [] }) => Actions.flatMap(({ ForwardConfig }) => ForwardConfig?.TargetGroups ?? []));
            for (const { TargetGroupArn = '', Weight } of forwards) if (Weight !== undefined) weights.set(TargetGroupArn, Weight);
          }
        }
      }
      return groups.map((group) => {
        const weight = weights.get(group.arn);
        return { ...group, tags: tags.get(group.arn) ?? {}, ...(weight === undefined ? {} : { weight }) };
      });
    },

    async targetsOf(targetGroupArn): Promise<readonly RegisteredTarget[]> {
      const { sdk, client } = await load();
      const { TargetHealthDescriptions = [] } = await client.send(new sdk.DescribeTargetHealthCommand({ TargetGroupArn: targetGroupArn }));
      return TargetHealthDescriptions.flatMap(({ Target }) =>
        Target?.Id === undefined || Target.Port === undefined ? [] : [{ id: Target.Id, port: Target.Port }],
      );
    },
  };
}
