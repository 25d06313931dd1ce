import { PLAIN_NAMES } from '@olla/core/catalog/names/name-rules';
import { defineProfile } from '../define-profile.ts';
import { asRecord, parseJson } from '../reading/json.ts';
import { listIsOwnedBy, readOpenAiList } from '../reading/openai-list.ts';
import { readLoad, type LoadMetrics } from '../reading/prometheus.ts';
import { versionSignal } from '../reading/version.ts';

const LOAD: LoadMetrics = {
  running: 'sglang:num_running_reqs',
  queued: 'sglang:num_queue_reqs',
  kvUsage: ['sglang:token_usage'],
};

export const sglang = defineProfile({
  type: 'sglang',
  label: 'SGLang',
  prefixes: ['sglang'],
  defaultPorts: [30000],
  healthPath: '/health',
  modelsPath: '/v1/models',
  nativePaths: [
    '/generate',
    '/get_model_info',
    '/get_server_info',
    '/server_info',
    '/model_info',
    '/flush_cache',
    '/encode',
    '/classify',
    '/health',
    '/health_generate',
    '/metrics',
  ],
  usePaths: [
    'POST,PUT /generate',
    'POST /generate_from_file',
    'POST,PUT /encode',
    'POST,PUT /classify',
    'POST /tokenize',
    'POST /detokenize',
    'PUT /v1/rerank',
    'POST /invocations',
    'POST /vertex_generate',
    'POST /parse_function_call',
    'POST /separate_reasoning',
    'GET /get_model_info',
    'GET /model_info',
    'GET /get_weight_version',
    'GET /get_load',
    'GET /v1/loads',
    'GET /health',
    'GET /health_generate',
    'GET /ping',
    'GET /metrics',
  ],
  managementPaths: [
    '/flush_cache',
    '/clear_hicache_storage_backend',
    '/hicache/**',
    '/update_weights_from_disk',
    '/update_weights_from_tensor',
    '/update_weights_from_distributed',
    '/update_weights_from_ipc',
    '/update_weight_version',
    '/init_weights_update_group',
    '/destroy_weights_update_group',
    '/init_weights_send_group_for_remote_instance',
    '/send_weights_to_remote_instance',
    '/get_weights_by_name',
    '/weights_checker',
    '/release_memory_occupation',
    '/resume_memory_occupation',
    '/load_lora_adapter',
    '/load_lora_adapter_from_tensors',
    '/unload_lora_adapter',
    '/pause_generation',
    '/continue_generation',
    '/abort_request',
    '/slow_down',
    '/set_internal_state',
    '/set_trace_level',
    '/configure_logging',
    '/freeze_gc',
    '/start_profile',
    '/stop_profile',
    '/start_expert_distribution_record',
    '/stop_expert_distribution_record',
    '/dump_expert_distribution_record',
  ],
  defaultConcurrency: 150,
  names: { ...PLAIN_NAMES, asPublished: true },
  readModels: (body) => readOpenAiList(body, () => ({ resident: true })),
  signals: [
    { path: '/metrics', everyMs: 1_000, parse: (text) => readLoad(text, LOAD) },
    versionSignal('/get_server_info'),
  ],
  detect: {
    paths: ['/v1/models', '/get_model_info'],
    matches: (responses) => {
      if (listIsOwnedBy(parseJson(responses.get('/v1/models')?.body ?? ''), 'sglang')) return true;
      const info = responses.get('/get_model_info');
      return info?.status === 200 && 'is_generation' in asRecord(parseJson(info.body));
    },
  },
});
