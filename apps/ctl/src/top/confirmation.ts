import type { UnifiedModel } from '@olla/admin-api/client';
import { statusMark } from '../view/status-mark.ts';
import { safeText } from '../view/text.ts';
import type { History } from './history.ts';
import type { Confirmation } from './ui-state.ts';

/** The models that only this endpoint serves, by the last status. */
export function modelsLost({ status, models }: Pick<History, 'status' | 'models'>, name: string): string[] {
  const serving = new Set(status?.endpoints.filter(({ serves }) => serves).map(({ name }) => name));
  if (!serving.has(name)) return [];
  const hosts = ({ olla }: UnifiedModel) => olla.availability.filter(({ endpoint }) => serving.has(endpoint));
  return models
    .filter((model) => hosts(model).length > 0 && hosts(model).every(({ endpoint }) => endpoint === name))
    .map(({ id }) => id)
    .sort();
}

/** The confirmation before an endpoint is changed; null when there is nothing to change. */
export function createConfirmation(
  history: History,
  action: 'drain' | 'resume',
  name: string,
): Confirmation | null {
  const endpoint = history.status?.endpoints.find((one) => one.name === name);
  if (endpoint === undefined || endpoint.drained === (action === 'drain')) return null;
  const shown = safeText(name);
  const lost = action === 'drain' ? modelsLost(history, name) : [];
  const facts = `${statusMark(endpoint.status).word}, ${endpoint.in_flight} in flight`;
  const loss = lost.length > 0 ? ` No other endpoint has ${lost.map(safeText).join(', ')}.` : '';
  const verb = action === 'drain' ? 'Drain' : 'Resume';
  return { action, endpoint: name, text: `${verb} ${shown} (${facts})?${loss}` };
}
