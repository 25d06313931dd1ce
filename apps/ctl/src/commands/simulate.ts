import type { SimulateFlags } from '@olla/simulator/run-simulate';
import type { Command } from 'commander';

const EPILOG = `
Without --fleet, it serves a mixed fleet of six servers on free ports.

Fleet file (YAML or JSON):
  seed: 7
  timeScale: 1              # simulated seconds per real second
  controlPort: 0            # 0: any free port; absent: no control API
  servers:
    - name: desk
      type: ollama          # ollama, lm-studio, vllm, llamacpp, openai-compatible, sglang, lmdeploy,
                            # lemonade, litellm, docker-model-runner, omlx, vllm-mlx, or fast
      port: 11434           # 0 or absent: any free port
      memoryGb: 24
      slots: 4
      models:
        - name: llama3.1:8b
          loaded: true      # in memory from the start; other models load at their first request
        - qwen3:14b
    - { name: sink, type: fast, fast: { chunks: 64, chunkIntervalMs: 20 } }   # for benchmarks: no simulated work

The control API adds faults, models and crashes:
  GET    /servers                     state and counters of all servers
  GET    /servers/NAME/requests       the last requests received
  PUT    /servers/NAME/capture        {"bodies": true} records request bodies too
  POST   /servers/NAME/faults         {"kind": …} with count, probability, path, method
         refuse | reset | hang-before-head | hang-after-head | garbage
         status           status, retryAfterS, body
         slow             delayMs before the head, bytesPerS for the body
         die-mid-stream   afterChunks, how: reset | close
         close-idle       delayMs after a response
  DELETE /servers/NAME/faults[/ID]    ends one fault, or all
  POST   /servers/NAME/models         a model name, or a model as in the fleet file
  DELETE /servers/NAME/models/MODEL   removes a model
  POST   /servers/NAME/crash          resets all connections and drops all work and loaded models

Examples:
  olla simulate
  olla simulate --fleet fleet.yaml --time-scale 10
  olla simulate --port-base 21000 --control-port 20999
  curl -X POST localhost:20999/servers/vllm/faults -d '{"kind": "status", "status": 429, "retryAfterS": 2, "count": 3}'
  curl -X DELETE localhost:20999/servers/vllm/faults
`;

/** Registers `olla simulate`, which serves simulated backends until SIGINT or SIGTERM. */
export function registerSimulate(program: Command): void {
  program
    .command('simulate')
    .description('serve simulated LLM servers for trials, tests and benchmarks')
    .option('--fleet <file>', 'fleet file, YAML or JSON')
    .option('--seed <n>', 'the same seed gives the same responses')
    .option('--time-scale <n>', 'simulated seconds per real second; 10 is ten times as fast')
    .option('--control-port <port>', 'port of the control API; 0 for any free port')
    .option('--port-base <port>', 'servers without a port get this port and those after it')
    .option('--json', 'print the servers as one JSON object')
    .addHelpText('after', EPILOG)
    .action(async (flags: SimulateFlags, command: Command) => {
      const { runSimulate } = await import('@olla/simulator/run-simulate');
      try {
        await runSimulate(flags, (text) => process.stdout.write(text));
      } catch (error) {
        command.error(`olla simulate: ${error instanceof Error ? error.message : String(error)}`, {
          exitCode: 2,
        });
      }
    });
}
