import { once } from 'node:events';
import { createServer } from 'node:http';

export const MODEL = 'contained-model';

/**
 * Replaces the Ollama in deploy/compose/olla.yaml: one model, at Ollama's port on every address of this machine.
 * @returns a function that stops it
 */
export async function startComposeBackend(): Promise<() => Promise<void>> {
  const tags = JSON.stringify({ models: [{ name: MODEL, model: MODEL }] });
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      response.setHeader('content-type', 'application/json');
      response.end(request.url === '/api/tags' ? tags : '{"ok":true}');
    });
  });
  server.listen(11434, '0.0.0.0');
  await once(server, 'listening');
  return async () => {
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  };
}

/** Sends a chat for the model, and returns the status of the response. */
export async function chat(url: string): Promise<number> {
  const response = await fetch(`${url}/olla/openai/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: MODEL, messages: [] }),
  });
  await response.text();
  return response.status;
}
