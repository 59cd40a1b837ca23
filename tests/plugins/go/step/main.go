// Command step is a step plugin for tests. Its configuration says what it answers; its status counts its calls.
package main

import (
	"encoding/json"
	"errors"
	"os"
	"time"

	"github.com/argoproj/argo-rollouts/pkg/apis/rollouts/v1alpha1"
	"github.com/argoproj/argo-rollouts/rollout/steps/plugin/rpc"
	"github.com/argoproj/argo-rollouts/utils/plugin/types"

	"sluice.dev/tests/plugins/internal"
)

type config struct {
	// Return is the phase that Run answers, Successful by default; AbortReturn and TerminateReturn the others'.
	Return, AbortReturn, TerminateReturn string
	// Requeue is a duration after which Run wants to be called again.
	Requeue string
	// Fail is an error instead of an answer.
	Fail string
	// Behave is what internal.Misbehave does before.
	Behave string
	// Echo answers with the Rollout as it has arrived.
	Echo bool
	// Unchecked gives Return back even when it is no phase.
	Unchecked bool
	// Pad makes the message that many bytes long.
	Pad int
}

type state struct {
	Data  string
	Count int
}

type step struct{ initialized int }

func (s *step) InitPlugin() types.RpcError {
	s.initialized++
	if len(os.Args) > 1 && os.Args[1] == "no-init" {
		return types.RpcError{ErrorString: "initialisation was to fail"}
	}
	return types.RpcError{}
}

func (s *step) Type() string { return "test-step" }

func (s *step) Run(rollout *v1alpha1.Rollout, context *types.RpcStepContext) (types.RpcStepResult, types.RpcError) {
	return s.answer(rollout, context, func(c config) string { return c.Return })
}

func (s *step) Terminate(rollout *v1alpha1.Rollout, context *types.RpcStepContext) (types.RpcStepResult, types.RpcError) {
	return s.answer(rollout, context, func(c config) string { return c.TerminateReturn })
}

func (s *step) Abort(rollout *v1alpha1.Rollout, context *types.RpcStepContext) (types.RpcStepResult, types.RpcError) {
	return s.answer(rollout, context, func(c config) string { return c.AbortReturn })
}

func (s *step) answer(rollout *v1alpha1.Rollout, context *types.RpcStepContext, phaseOf func(config) string) (types.RpcStepResult, types.RpcError) {
	var c config
	var held state
	if context.Config != nil {
		if err := json.Unmarshal(context.Config, &c); err != nil {
			return types.RpcStepResult{}, failure(err)
		}
	}
	if context.Status != nil {
		if err := json.Unmarshal(context.Status, &held); err != nil {
			return types.RpcStepResult{}, failure(err)
		}
	}
	internal.Misbehave(c.Behave)
	if c.Fail != "" {
		return types.RpcStepResult{}, failure(errors.New(c.Fail))
	}
	phase := types.PhaseSuccessful
	if wanted := phaseOf(c); wanted != "" {
		phase = types.StepPhase(wanted)
		if err := phase.Validate(); err != nil && !c.Unchecked {
			return types.RpcStepResult{}, failure(err)
		}
	}
	var requeue time.Duration
	if c.Requeue != "" {
		var err error
		if requeue, err = time.ParseDuration(c.Requeue); err != nil {
			return types.RpcStepResult{}, failure(err)
		}
	}
	message := "answered for " + context.PluginName
	if c.Pad > 0 {
		padding := make([]byte, c.Pad)
		for i := range padding {
			padding[i] = 'a' + byte(i%26)
		}
		message = string(padding)
	}
	if held.Data == "" {
		held.Data = rollout.Namespace + "/" + rollout.Name
	}
	held.Count++
	var status any = held
	if c.Echo {
		status = rollout
	}
	raw, err := json.Marshal(status)
	if err != nil {
		return types.RpcStepResult{}, failure(err)
	}
	return types.RpcStepResult{Phase: phase, Message: message, RequeueAfter: requeue, Status: raw}, types.RpcError{}
}

func failure(err error) types.RpcError { return types.RpcError{ErrorString: err.Error()} }

func main() { internal.Serve("step", "RpcStepPlugin", &rpc.RpcStepPlugin{Impl: &step{}}) }
