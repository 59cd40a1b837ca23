// Command traffic is a traffic router plugin for tests. It answers each call with an error that repeats what has arrived when the Rollout's
// annotation `echo` is there, and fails or verifies as the annotations say.
package main

import (
	"encoding/json"

	"github.com/argoproj/argo-rollouts/pkg/apis/rollouts/v1alpha1"
	"github.com/argoproj/argo-rollouts/rollout/trafficrouting/plugin/rpc"
	"github.com/argoproj/argo-rollouts/utils/plugin/types"

	"sluice.dev/tests/plugins/internal"
)

type router struct{}

func answer(rollout *v1alpha1.Rollout, call string, values ...any) types.RpcError {
	internal.Misbehave(rollout.Annotations["behave"])
	if rollout.Annotations["echo"] == "" {
		return types.RpcError{}
	}
	text, err := json.Marshal(append([]any{call}, values...))
	if err != nil {
		panic(err)
	}
	return types.RpcError{ErrorString: string(text)}
}

func (router) InitPlugin() types.RpcError { return types.RpcError{} }
func (router) Type() string               { return "test-traffic" }

func (router) UpdateHash(rollout *v1alpha1.Rollout, canary, stable string, others []v1alpha1.WeightDestination) types.RpcError {
	return answer(rollout, "UpdateHash", canary, stable, others)
}

func (router) SetWeight(rollout *v1alpha1.Rollout, weight int32, others []v1alpha1.WeightDestination) types.RpcError {
	return answer(rollout, "SetWeight", weight, others)
}

func (router) SetHeaderRoute(rollout *v1alpha1.Rollout, route *v1alpha1.SetHeaderRoute) types.RpcError {
	return answer(rollout, "SetHeaderRoute", route)
}

func (router) SetMirrorRoute(rollout *v1alpha1.Rollout, route *v1alpha1.SetMirrorRoute) types.RpcError {
	return answer(rollout, "SetMirrorRoute", route)
}

func (router) VerifyWeight(rollout *v1alpha1.Rollout, weight int32, others []v1alpha1.WeightDestination) (types.RpcVerified, types.RpcError) {
	verified := map[string]types.RpcVerified{"no": types.NotVerified, "yes": types.Verified, "": types.NotImplemented}
	return verified[rollout.Annotations["verified"]], answer(rollout, "VerifyWeight", weight, others)
}

func (router) RemoveManagedRoutes(rollout *v1alpha1.Rollout) types.RpcError {
	return answer(rollout, "RemoveManagedRoutes", rollout)
}

func main() {
	internal.Serve("trafficrouter", "RpcTrafficRouterPlugin", &rpc.RpcTrafficRouterPlugin{Impl: router{}})
}
