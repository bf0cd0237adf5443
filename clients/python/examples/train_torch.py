# python examples/train_torch.py: a torch model learns XOR, with gradients from the service.
import torch
from torch import nn

from gradient_service.torch import service_loss

torch.manual_seed(1)
model = nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 1)).double()
inputs = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]).double()
targets = torch.tensor([[0.0], [1.0], [1.0], [0.0]]).double()

# The gradients agree with torch's own.
service_loss(model, inputs, targets).backward()
ours = [parameter.grad.clone() for parameter in model.parameters()]
model.zero_grad()
nn.functional.mse_loss(model(inputs), targets).backward()
differences = [(own - parameter.grad).abs().max() for own, parameter in zip(ours, model.parameters())]
print(f"largest difference from torch's gradients: {max(differences):.0e}")

optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
for step in range(200):
    optimizer.zero_grad()
    loss = service_loss(model, inputs, targets, "mse")
    loss.backward()
    optimizer.step()
print(f"loss after {step + 1} steps: {loss.item():.2e}")
print("outputs:", [round(output, 3) for output in model(inputs).flatten().tolist()])
