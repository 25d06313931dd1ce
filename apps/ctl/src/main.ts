/**
 * The entry point of the `olla` command and of every process that it forks. Workers, the agent and the demo fleet run
 * this file too, so that a bundle is one file. Each process imports only its own part.
 */
import cluster from 'node:cluster';

if (cluster.isWorker) {
  await import('@olla/gateway/worker');
} else if (process.env['OLLA_CHILD'] === 'agent') {
  const { startAgentProcess } = await import('@olla/discovery/main');
  await startAgentProcess();
} else if (process.env['OLLA_CHILD'] === 'demo') {
  const { runDemoProcess } = await import('./demo-process.ts');
  await runDemoProcess();
} else {
  const { runCommand } = await import('./run-command.ts');
  await runCommand(process.argv.slice(2));
}
