// Command vectors writes what Go itself sends, for tests that run without Go: gobs of known values, and a whole conversation between
// go-plugin's client and server as frames of yamux with gobs in them.
package main

import (
	"bytes"
	"encoding/gob"
	"encoding/hex"
	"encoding/json"
	"io"
	"math"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/argoproj/argo-rollouts/pkg/apis/rollouts/v1alpha1"
	"github.com/argoproj/argo-rollouts/rollout/steps/plugin/rpc"
	"github.com/argoproj/argo-rollouts/utils/plugin/types"
	"github.com/hashicorp/go-plugin"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

type point struct {
	X, Y int
	Name string
}

type all struct {
	Yes      bool
	Small    int8
	Large    int64
	Positive uint64
	Real     float64
	Raw      []byte
	Text     string
	List     []point
	Names    map[string]int
	Array    [3]uint8
	Any      any
	Pointer  *point
	When     time.Time
	Complex  complex128
}

type recorder struct {
	net.Conn
	from string
	log  *conversation
}

type conversation struct {
	sync.Mutex
	chunks [][2]string
}

func (r recorder) Write(data []byte) (int, error) {
	r.log.Lock()
	r.log.chunks = append(r.log.chunks, [2]string{r.from, hex.EncodeToString(data)})
	r.log.Unlock()
	return r.Conn.Write(data)
}

type step struct{}

func (step) InitPlugin() types.RpcError { return types.RpcError{} }
func (step) Type() string               { return "recorded" }
func (step) Run(rollout *v1alpha1.Rollout, context *types.RpcStepContext) (types.RpcStepResult, types.RpcError) {
	return types.RpcStepResult{
		Phase: types.PhaseRunning, Message: "ran " + rollout.Name, RequeueAfter: 17 * time.Second, Status: context.Config,
	}, types.RpcError{}
}
func (step) Terminate(*v1alpha1.Rollout, *types.RpcStepContext) (types.RpcStepResult, types.RpcError) {
	return types.RpcStepResult{}, types.RpcError{ErrorString: "not now"}
}
func (step) Abort(*v1alpha1.Rollout, *types.RpcStepContext) (types.RpcStepResult, types.RpcError) {
	return types.RpcStepResult{Phase: types.PhaseSuccessful}, types.RpcError{}
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func rollout() *v1alpha1.Rollout {
	replicas, index, no := int32(3), int32(0), false
	started := metav1.NewTime(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
	return &v1alpha1.Rollout{
		ObjectMeta: metav1.ObjectMeta{Name: "web", Namespace: "shop", Labels: map[string]string{"app": "web"}},
		Spec: v1alpha1.RolloutSpec{
			Replicas: &replicas,
			Strategy: v1alpha1.RolloutStrategy{Canary: &v1alpha1.CanaryStrategy{Steps: []v1alpha1.CanaryStep{
				{Pause: &v1alpha1.RolloutPause{}},
				{Plugin: &v1alpha1.PluginStep{Name: "test/step", Config: json.RawMessage(`{"a":1}`)}},
			}}},
		},
		Status: v1alpha1.RolloutStatus{CurrentStepIndex: &index, Phase: v1alpha1.RolloutPhaseProgressing, Abort: no, RestartedAt: &started},
	}
}

func gobs() []map[string]string {
	gob.RegisterName("point", point{})
	values := []struct {
		name  string
		value any
	}{
		{"true", true}, {"int 0", 0}, {"int -1", -1}, {"int 63", 63}, {"int 64", 64}, {"int -129", -129}, {"int 2^53", 1 << 53}, {"least int", math.MinInt64},
		{"greatest uint", uint64(math.MaxUint64)}, {"float 17", 17.0}, {"float -0.1", -0.1}, {"infinity", math.Inf(1)}, {"text", "grüß\x00e"},
		{"bytes", []byte{0, 1, 255}}, {"point", point{X: -5, Name: "p"}}, {"empty point", point{}}, {"points", []point{{X: 1}, {}, {Y: 2}}},
		{"map", map[string]int{"one": 0}}, {"empty map", map[string]int{}}, {"time", time.Date(2026, 1, 2, 3, 4, 5, 678_000_000, time.UTC)},
		{"all", all{
			Yes: true, Small: -8, Large: 1 << 60, Positive: 300, Real: 0.5, Raw: []byte("raw"), Text: "t", List: []point{{X: 1}}, Names: map[string]int{"n": -1},
			Array: [3]uint8{1, 0, 3}, Any: point{Y: 9}, Pointer: &point{Name: "q"}, When: time.Date(1969, 12, 31, 23, 59, 59, 999_000_000, time.FixedZone("", -3600)),
			Complex: complex(1, -2),
		}},
	}
	rows := []map[string]string{}
	for _, row := range values {
		var stream bytes.Buffer
		must(gob.NewEncoder(&stream).Encode(row.value))
		rows = append(rows, map[string]string{"name": row.name, "hex": hex.EncodeToString(stream.Bytes())})
	}
	var held any = point{X: 7}
	var none any
	for name, value := range map[string]*any{"point in an interface": &held, "nil interface": &none} {
		var stream bytes.Buffer
		must(gob.NewEncoder(&stream).Encode(value))
		rows = append(rows, map[string]string{"name": name, "hex": hex.EncodeToString(stream.Bytes())})
	}
	var arguments any = rpc.RunArgs{Rollout: rollout(), Context: &types.RpcStepContext{PluginName: "test/step", Config: json.RawMessage(`{"a":1}`)}}
	var stream bytes.Buffer
	must(gob.NewEncoder(&stream).Encode(&arguments))
	rows = append(rows, map[string]string{"name": "step.RunArgs", "hex": hex.EncodeToString(stream.Bytes())})
	return rows
}

// settle lets what is on its way arrive, so that the record has one order.
func settle() { time.Sleep(50 * time.Millisecond) }

func converse() [][2]string {
	here, there := net.Pipe()
	log := &conversation{}
	plugins := map[string]plugin.Plugin{"RpcStepPlugin": &rpc.RpcStepPlugin{Impl: step{}}}
	server := &plugin.RPCServer{Plugins: plugins, Stdout: strings.NewReader("printed\n"), Stderr: io.LimitReader(nil, 0), DoneCh: make(chan struct{})}
	go server.ServeConn(recorder{there, "plugin", log})
	client, err := plugin.NewRPCClient(recorder{here, "controller", log}, plugins)
	must(err)
	must(client.SyncStreams(io.Discard, io.Discard))
	settle()
	dispensed, err := client.Dispense("RpcStepPlugin")
	must(err)
	settle()
	plugged := dispensed.(rpc.StepPlugin)
	if failed := plugged.InitPlugin(); failed.HasError() {
		panic(failed)
	}
	settle()
	must(client.Ping())
	settle()
	plugged.Run(rollout(), &types.RpcStepContext{PluginName: "test/step", Config: json.RawMessage(`{"a":1}`)})
	settle()
	plugged.Terminate(rollout(), &types.RpcStepContext{PluginName: "test/step"})
	settle()
	plugged.Type()
	settle()
	_, err = client.Dispense("RpcStepPlugin")
	must(err)
	settle()
	log.Lock()
	defer log.Unlock()
	return append([][2]string{}, log.chunks...)
}

func main() {
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetIndent("", " ")
	must(encoder.Encode(map[string]any{"gobs": gobs(), "conversation": converse()}))
}
