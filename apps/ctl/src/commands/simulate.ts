import type { Command } from 'commander';
import type { SimulateFlags } from '@olla/simulator/run-simulate';

const EPILOG = `
Without --fleet it serves a mixed fleet of six servers on free ports.

Fleet file (YAML or JSON):
  seed: 7
  timeScale: 1              # simulated seconds in a real one
  controlPort: 0            # 0: any free port; leave out for no control API
  servers:
    - name: desk
      type: ollama          # ollama, lm-studio, vllm, llamacpp, openai-compatible, sglang, lmdeploy,
                            # lemonade, litellm, docker-model-runner, omlx, vllm-mlx, or fast
      port: 11434           # 0 or none: any free port
      memoryGb: 24
      slots: 4
      models:
        - name: llama3.1:8b
          loaded: true      # in memory from the start; the others load when asked for
        - qwen3:14b
    - { name: sink, type: fast, fast: { chunks: 64, chunkIntervalMs: 20 } }   # for benchmarks: no physics

Faults are switched over the control API:
  GET    /servers                     what each server does and has counted
  GET    /servers/NAME/requests       the last requests it received
  PUT    /servers/NAME/capture        {"bodies": true} keeps their bodies too
  POST   /servers/NAME/faults         {"kind": …} with count, probability, path, method
         refuse | reset | hang-before-head | hang-after-head | garbage
         status           status, retryAfterS, body
         slow             delayMs before the head, bytesPerS for the body
         die-mid-stream   afterChunks, how: reset | close
         close-idle       delayMs after an answer
  DELETE /servers/NAME/faults[/ID]    ends one or all
  POST   /servers/NAME/models         a model's name, or a model as in the fleet file
  DELETE /servers/NAME/models/MODEL
  POST   /servers/NAME/crash          resets its connections and empties its memory

Examples:
  olla simulate
  olla simulate --fleet fleet.yaml --time-scale 10
  olla simulate --port-base 21000 --control-port 20999
  curl -X POST localhost:20999/servers/vllm/faults -d '{"kind": "status", "status": 429, "retryAfterS": 2, "count": 3}'
  curl -X DELETE localhost:20999/servers/vllm/faults
`;

/** `olla simulate`: serves simulated backends until SIGINT or SIGTERM. */
export function registerSimulate(program: Command): void {
  program
    .command('simulate')
    .description('serve a fleet of simulated LLM servers, for trying, tests and benchmarks')
    .option('--fleet <file>', 'fleet description, YAML or JSON')
    .option('--seed <n>', 'the same seed gives the same answers')
    .option('--time-scale <n>', 'simulated seconds in a real one; 10 is ten times as fast')
    .option('--control-port <port>', 'port of the control API; 0 for any free one')
    .option('--port-base <port>', 'servers that name no port get this one and those after it')
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
