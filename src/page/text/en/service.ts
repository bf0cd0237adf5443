// The service: its routes and errors.

export const service = {
  tab: 'Service',
  title: 'The service',
  intro: 'This page sends POST /gradients, as any program can. All numbers are float64, and equal to PyTorch’s.',
  routes: 'Routes',
  routeHead: ['route', 'meaning'] as const,
  errors: 'Errors',
  errorHead: ['status', 'type', 'title'] as const,
};
