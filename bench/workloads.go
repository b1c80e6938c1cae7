package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"

	"github.com/mainstem/mainstem/bench/load"
	"github.com/mainstem/mainstem/bench/posts/gateway"
)

// The gateways.
const (
	posts      = "posts"
	storefront = "storefront"
)

// workload is a query of a gateway.
type workload struct{ name, gateway, query string }

var workloads = []workload{
	{"posts/1", posts, `{ posts { id userId title user { id name email }}}`},
	{"posts/2", posts, `{ posts { title }}`},
	{"posts/3", posts, `{ greet }`},
	{"storefront/page", storefront, `query ProductPage { products(first: 20) { nodes { id name price { amount currency } category { name } stock { available }
  reviews(first: 2) { nodes { rating body author { displayName } } } } pageInfo { hasNextPage endCursor } } }`},
}

// competitor is how a gateway executes operations.
type competitor struct {
	executor string
	sharing  bool // whether identical operations in flight run once

	telemetry string // the storefront's setting; its default if empty
}

func (c competitor) String() string {
	if c.sharing {
		return c.executor + " with sharing"
	}
	return c.executor
}

// competitors are those that are compared. gqlgen's executor shares nothing: there is one of it.
var competitors = [...]competitor{{executor: gateway.Compiled}, {executor: gateway.Compiled, sharing: true}, {executor: gateway.GQLGen}}

// kind is what the gateways' processes differ in.
type kind struct {
	gateway string
	competitor
}

// fleet starts gateways, and the services behind them, when they are first needed.
type fleet struct {
	*programs
	posts    int // how many there are
	services map[string]*child
	gateways map[kind]*child
}

func newFleet(p *programs, posts int) *fleet {
	return &fleet{programs: p, posts: posts, services: map[string]*child{}, gateways: map[kind]*child{}}
}

// endGateways ends all gateways: those that are needed next are others.
func (f *fleet) endGateways() error {
	some := slices.Collect(maps.Values(f.gateways))
	clear(f.gateways)
	return f.end(some...)
}

// gateway gives a gateway and what serves it.
func (f *fleet) gateway(ctx context.Context, k kind) (gateway, services *child, err error) {
	services = f.services[k.gateway]
	if services == nil {
		if services, err = f.startServices(ctx, k.gateway); err != nil {
			return nil, nil, err
		}
		f.services[k.gateway] = services
	}
	gateway = f.gateways[k]
	if gateway == nil {
		if gateway, err = f.startGateway(ctx, k, services); err != nil {
			return nil, nil, err
		}
		f.gateways[k] = gateway
	}
	return gateway, services, nil
}

func (f *fleet) startServices(ctx context.Context, gateway string) (*child, error) {
	if gateway == posts {
		return f.start(ctx, "upstream", "--posts", strconv.Itoa(f.posts))
	}
	return f.start(ctx, "storefront", "services")
}

func (f *fleet) startGateway(ctx context.Context, k kind, services *child) (*child, error) {
	if k.gateway == posts {
		args := []string{"--upstream", services.URL, "--executor", k.executor}
		if k.sharing {
			args = append(args, "--share")
		}
		return f.start(ctx, "posts", args...)
	}
	config := fmt.Appendf(nil, "listen: 127.0.0.1:0\nexecutor: %s\nshareOperations: %t\n", k.executor, k.sharing)
	config = append(config, "requestTimeout: 30s\nsources:\n"...) // under load, what comes late is no failure
	for name, url := range services.Services {
		config = fmt.Appendf(config, "  %s: {url: %q, timeout: 30s}\n", name, url)
	}
	if k.telemetry != "" {
		config = fmt.Appendf(config, "telemetry: %s\n", k.telemetry)
	}
	name := filepath.Join(f.dir, fmt.Sprintf("storefront-%d", len(f.gateways)))
	config = fmt.Appendf(config, "storage: {url: %q}\n", "sqlite:"+name+".db")
	file := name + ".yaml"
	if err := os.WriteFile(file, config, 0o600); err != nil {
		return nil, err
	}
	return f.start(ctx, "storefront", "gateway", "--config", file)
}

// side is one of the gateways that are compared, ready to be loaded.
type side struct {
	gateway, services *child
	target            load.Target
	data              any // of its answer
}

// side makes a side of a workload. Its answer is the first one that the gateway gives, which must be without errors.
func (f *fleet) side(ctx context.Context, w workload, c competitor, connections int) (side, error) {
	gateway, services, err := f.gateway(ctx, kind{w.gateway, c})
	if err != nil {
		return side{}, err
	}
	body, err := json.Marshal(map[string]string{"query": w.query})
	if err != nil {
		return side{}, err
	}
	at, err := url.Parse(gateway.URL)
	if err != nil {
		return side{}, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, gateway.URL, bytes.NewReader(body))
	if err != nil {
		return side{}, err
	}
	request.Header.Set("Content-Type", "application/json")
	s := side{gateway: gateway, services: services}
	answer, err := do(request)
	if err == nil {
		s.data, err = dataOf(answer)
	}
	if err != nil {
		return side{}, fmt.Errorf("%s, %s: %w", w.name, c, err)
	}
	s.target = load.Target{Address: at.Host, Request: load.Post(at.Host, at.Path, body), Body: answer, Connections: connections}
	return s, nil
}

var (
	errUnequal  = errors.New("the executors answer differently")
	errNoAnswer = errors.New("the answer is not data alone")
)

// dataOf gives the data of an answer that has nothing else.
func dataOf(body []byte) (any, error) {
	var answer map[string]any
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, err
	}
	if len(answer) != 1 || answer["data"] == nil {
		return nil, fmt.Errorf("%w: %.500s", errNoAnswer, body)
	}
	return answer["data"], nil
}

// sides makes all sides of a workload, and checks that they answer the same.
func (f *fleet) sides(ctx context.Context, w workload, connections int) (all [len(competitors)]side, err error) {
	for i, c := range competitors {
		if all[i], err = f.side(ctx, w, c, connections); err != nil {
			return all, err
		}
		if !reflect.DeepEqual(all[i].data, all[0].data) {
			return all, fmt.Errorf("%s, %s: %w: %.500s and %.500s", w.name, c, errUnequal, all[0].target.Body, all[i].target.Body)
		}
	}
	return all, nil
}
