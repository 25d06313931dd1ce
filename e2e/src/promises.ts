/** A sentence of README.md, and the tests that show it. */
export interface ReadmePromise {
  readonly sentence: string;
  /** File of the repository, and title of a test in it. */
  readonly tests: readonly (readonly [file: string, title: string])[];
}

const IN_PROCESS = 'apps/gateway/src/in-process';
const BALANCE = 'libs/core/src/route-plan/balance/balance.test.ts';

/** The sentences of README.md on what Olla does, in their order. */
export const PROMISES: readonly ReadmePromise[] = [
  {
    sentence:
      "Olla reads every key of the original Olla's configuration file, and names those that have no effect here.",
    tests: [
      ['libs/config/src/every-key.test.ts', 'sets every key of the schema'],
      [
        'libs/config/src/every-key.test.ts',
        'names each key without effect in a notice with its place and leaves it out of the settings',
      ],
    ],
  },
  {
    sentence: '`./olla config check` lists every mistake with its line.',
    tests: [
      ['apps/ctl/src/config-commands.test.ts', 'prints every problem of a configuration with its place'],
      ['libs/config/src/problems.test.ts', 'reports all problems together, each with line, column and key'],
    ],
  },
  {
    sentence: '[docs/config.md](docs/config.md) explains every key.',
    tests: [
      ['libs/config/src/docs.test.ts', 'equals ${path}; if not, run: node libs/config/src/generate-docs.ts'],
    ],
  },
  {
    sentence: 'The gateway chooses the server by model, health, load and by which models are in memory.',
    tests: [
      [`${IN_PROCESS}/planning.test.ts`, 'is the one that has the model, and a header names the reason'],
      [`${IN_PROCESS}/planning.test.ts`, 'is another one while the agent sees the first as offline'],
      [BALANCE, 'least-connections prefers an endpoint with the model in memory until its queue is too long'],
      [
        BALANCE,
        'least-connections counts queued requests of others, and sends less to busy and warming endpoints',
      ],
    ],
  },
  {
    sentence: '`least-connections` counts the requests in flight of all workers on all hosts.',
    tests: [
      [
        `${IN_PROCESS}/planning.test.ts`,
        'is the one with fewer requests in flight by least-connections, those of other workers included',
      ],
      ['e2e/src/cluster.test.ts', 'each gateway counts the requests in flight of the other'],
    ],
  },
  {
    sentence: '`priority` and `round-robin` can be set instead.',
    tests: [
      [BALANCE, 'priority tries the highest first, and the others behind it in their order'],
      [`${IN_PROCESS}/planning.test.ts`, 'alternates with round-robin'],
    ],
  },
  {
    sentence:
      'If a server refuses or breaks the connection before its response begins, the gateway tries the next server that has the model.',
    tests: [
      [`${IN_PROCESS}/failover.test.ts`, 'goes to the next endpoint when the connection is refused'],
      [
        `${IN_PROCESS}/failover.test.ts`,
        'goes to the next endpoint with the same bytes when the connection is reset',
      ],
    ],
  },
  {
    sentence:
      'It tries all of them after refused connections, and two more after attempts that waited for a response.',
    tests: [
      [
        `${IN_PROCESS}/failover.test.ts`,
        'reaches two more endpoints at most when each attempt waited for a response',
      ],
      [`${IN_PROCESS}/failover.test.ts`, 'does not count refused connections towards that limit'],
    ],
  },
  {
    sentence:
      'The client sees an error only when these fail too, or when the body was too large to be kept and a part of it was sent.',
    tests: [
      [`${IN_PROCESS}/failover.test.ts`, '502 when the only endpoint resets the connection'],
      [
        `${IN_PROCESS}/streamed-bodies.test.ts`,
        'is 502, ${framing}, when the connection is reset after a part of it was sent',
      ],
    ],
  },
  {
    sentence: "If a server breaks off within a response, the client's SDK raises an error.",
    tests: [
      [
        'e2e/src/client-errors.test.ts',
        'the OpenAI client throws for a stream that breaks off, an unknown model, 502 and 429',
      ],
      [
        'e2e/src/client-errors.test.ts',
        'the Ollama client throws for a stream that breaks off and an unknown model',
      ],
    ],
  },
  {
    sentence: 'No client takes a partial response for a complete one.',
    tests: [
      [`${IN_PROCESS}/broken-responses.test.ts`, 'is cut off when it is JSON'],
      [
        `${IN_PROCESS}/broken-responses.test.ts`,
        'is reset for HTTP/1.0 when the end of the connection marks its end',
      ],
    ],
  },
  {
    sentence:
      'Bodies pass unchanged, except that a request gets the name that the server has for the model, and is decompressed.',
    tests: [
      [`${IN_PROCESS}/read-body.test.ts`, 'JSON ${what}'],
      [`${IN_PROCESS}/relay.test.ts`, 'keeps status, headers and bytes, also those of an error'],
      [
        `${IN_PROCESS}/aliases.test.ts`,
        'changes only the model in the body, and names the serving model in a header',
      ],
      [
        `${IN_PROCESS}/compressed-bodies.test.ts`,
        'as ${coding} (${compress.name}), ${framing}, is routed by its model and is sent as plain JSON',
      ],
    ],
  },
  {
    sentence: 'Streams are relayed chunk by chunk as they arrive, with backpressure.',
    tests: [
      [`${IN_PROCESS}/relay.test.ts`, 'head and each chunk are relayed while the backend still works'],
      [
        `${IN_PROCESS}/relay.test.ts`,
        'a client that does not read slows the backend down, and gets every byte once it does',
      ],
    ],
  },
  {
    sentence: 'When a client leaves, the gateway cancels its request at the server at once.',
    tests: [
      [
        `${IN_PROCESS}/client-leaves.test.ts`,
        'while the backend works, before the head: the attempt is aborted',
      ],
      [`${IN_PROCESS}/client-leaves.test.ts`, 'in mid-stream: the attempt is aborted'],
    ],
  },
  {
    sentence: 'A global limit and a limit for each client address hold over all workers and hosts together.',
    tests: [
      [`${IN_PROCESS}/limits.test.ts`, 'is one for each address'],
      [`${IN_PROCESS}/limits.test.ts`, 'is one for all workers together'],
      [
        'libs/state/src/redis/exactness.test.ts',
        'together admit exactly rate × time + capacity at several times the limit',
      ],
    ],
  },
  {
    sentence: 'No more requests pass than rate and burst allow.',
    tests: [
      [
        'e2e/src/limits.test.ts',
        'admits rate × time + burst in every window, and no fewer, for an address at three times its limit',
      ],
      [
        'e2e/src/cluster-limits.test.ts',
        'two gateways admit no more than rate × time + burst when they get twice the limit',
      ],
    ],
  },
  {
    sentence:
      'While Redis is unreachable or answers too late, limits act as `server.rate_limits.on_state_loss` says: by default each host admits its share.',
    tests: [
      [
        'e2e/src/cluster-limits.test.ts',
        'two gateways admit all that the limit allows, and no request fails when Redis is killed under load',
      ],
      [
        'libs/state/src/redis/outage.test.ts',
        'makes requests wait for one deadline when Redis hangs, and not at all after it',
      ],
    ],
  },
  {
    sentence: 'A single gateway needs no other service.',
    tests: [['e2e/src/start.test.ts', 'serve starts without a configuration file and without backends']],
  },
  {
    sentence: 'With `--redis-url`, any number of gateways behind a load balancer act as one.',
    tests: [
      ['e2e/src/cluster.test.ts', 'the status of each gateway lists both, and counts the requests of both'],
      ['e2e/src/cluster.test.ts', 'every worker of both gateways follows a drain that one gateway accepted'],
      ['e2e/src/redis-away.test.ts', 'the gateways become one cluster with one leader when Redis starts'],
    ],
  },
  {
    sentence: '`olla ctl top` shows the fleet live.',
    tests: [
      [
        'e2e/src/console.test.ts',
        'shows the fleet, handles keys, survives the loss of the gateway, and restores the terminal',
      ],
    ],
  },
  {
    sentence: '`/internal/status` has the same as JSON.',
    tests: [['e2e/src/contract-routes.test.ts', '/internal/status']],
  },
  {
    sentence: 'The standard OpenTelemetry variables switch traces on.',
    tests: [
      ['e2e/src/traces.test.ts', 'exports a request over two endpoints as one trace below the caller’s span'],
    ],
  },
];
