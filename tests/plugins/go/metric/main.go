// Command metric is a metric plugin for tests: its configuration, under its name in the provider, says what it measures.
package main

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/argoproj/argo-rollouts/metricproviders/plugin/rpc"
	"github.com/argoproj/argo-rollouts/pkg/apis/rollouts/v1alpha1"
	"github.com/argoproj/argo-rollouts/utils/plugin/types"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"sluice.dev/tests/plugins/internal"
)

type config struct {
	Value, Phase, Message, Behave string
	ResumeAfter                   string
	Echo                          bool
	Fail                          string
}

type provider struct{}

func read(metric v1alpha1.Metric) (c config) {
	for _, raw := range metric.Provider.Plugin {
		if err := json.Unmarshal(raw, &c); err != nil {
			c.Fail = err.Error()
		}
	}
	return c
}

var moment = time.Date(2026, 1, 2, 3, 4, 5, 678_000_000, time.FixedZone("", 2*3600))

func (provider) InitPlugin() types.RpcError { return types.RpcError{} }
func (provider) Type() string               { return "test-metric" }

func (provider) Run(run *v1alpha1.AnalysisRun, metric v1alpha1.Metric) v1alpha1.Measurement {
	c := read(metric)
	internal.Misbehave(c.Behave)
	started := metav1.NewTime(moment)
	finished := metav1.NewTime(moment.Add(time.Second).UTC())
	measurement := v1alpha1.Measurement{
		Phase: v1alpha1.AnalysisPhase(c.Phase), Value: c.Value, Message: c.Message, StartedAt: &started, FinishedAt: &finished,
		Metadata: map[string]string{"run": run.Name, "metric": metric.Name},
	}
	if c.ResumeAfter != "" {
		after, err := time.ParseDuration(c.ResumeAfter)
		if err != nil {
			return v1alpha1.Measurement{Phase: v1alpha1.AnalysisPhaseError, Message: err.Error()}
		}
		resume := metav1.NewTime(moment.Add(after))
		measurement.ResumeAt = &resume
		measurement.FinishedAt = nil
	}
	if c.Echo {
		text, err := json.Marshal(map[string]any{"run": run, "metric": metric})
		if err != nil {
			panic(err)
		}
		measurement.Message = string(text)
	}
	return measurement
}

func (provider) Resume(_ *v1alpha1.AnalysisRun, _ v1alpha1.Metric, measurement v1alpha1.Measurement) v1alpha1.Measurement {
	measurement.Phase = v1alpha1.AnalysisPhaseSuccessful
	measurement.Message = "resumed"
	return measurement
}

func (provider) Terminate(_ *v1alpha1.AnalysisRun, _ v1alpha1.Metric, measurement v1alpha1.Measurement) v1alpha1.Measurement {
	measurement.Phase = v1alpha1.AnalysisPhaseSuccessful
	measurement.Message = "terminated"
	return measurement
}

func (provider) GarbageCollect(_ *v1alpha1.AnalysisRun, metric v1alpha1.Metric, limit int) types.RpcError {
	if fail := read(metric).Fail; fail != "" {
		return types.RpcError{ErrorString: fmt.Sprintf("%s, limit %d", fail, limit)}
	}
	return types.RpcError{}
}

func (provider) GetMetadata(metric v1alpha1.Metric) map[string]string {
	if fail := read(metric).Fail; fail != "" {
		return map[string]string{"error": fail}
	}
	return map[string]string{"asked": metric.Name}
}

func main() {
	internal.Serve("metricprovider", "RpcMetricProviderPlugin", &rpc.RpcMetricProviderPlugin{Impl: provider{}})
}
