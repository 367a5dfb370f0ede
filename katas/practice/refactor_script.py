"""Compare three models on handwritten digits: python katas/practice/refactor_script.py.

It works, and it grew by copy and paste. What would it take to try a fourth model, another rate?
"""

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from dojo.digits import bundled

digits = bundled()
images = digits.images.float().unsqueeze(1) / 255
train = list(zip(images[:448].split(64), digits.labels[:448].split(64), strict=True))
valid = list(zip(images[448:748].split(64), digits.labels[448:748].split(64), strict=True))
lr = 0.1
epochs = 3

torch.manual_seed(3)
linear = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
hidden = nn.Sequential(nn.Flatten(), nn.Linear(64, 20), nn.ReLU(), nn.Linear(20, 10))
conv = nn.Sequential(
    nn.Conv2d(1, 4, 3, stride=2), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(36, 10)
)

opt_linear = torch.optim.SGD(linear.parameters(), lr=lr, momentum=0.9, weight_decay=1e-4)
for _ in range(epochs):
    linear.train()
    for x, y in train:
        opt_linear.zero_grad()
        loss = cross_entropy(linear(x), y)
        loss.backward()
        opt_linear.step()
linear.eval()
correct_linear = 0
total_linear = 0
with torch.no_grad():
    for x, y in valid:
        correct_linear += (linear(x).argmax(dim=1) == y).sum().item()
        total_linear += len(y)
accuracy_linear = correct_linear / total_linear
print("linear", accuracy_linear)

opt_hidden = torch.optim.SGD(hidden.parameters(), lr=lr, momentum=0.9, weight_decay=1e-4)
for _ in range(epochs):
    hidden.train()
    for x, y in train:
        opt_hidden.zero_grad()
        loss = cross_entropy(hidden(x), y)
        loss.backward()
        opt_hidden.step()
hidden.eval()
correct_hidden = 0
total_hidden = 0
with torch.no_grad():
    for x, y in valid:
        correct_hidden += (hidden(x).argmax(dim=1) == y).sum().item()
        total_hidden += len(y)
accuracy_hidden = correct_hidden / total_hidden
print("hidden", accuracy_hidden)

opt_conv = torch.optim.SGD(conv.parameters(), lr=lr, momentum=0.9, weight_decay=1e-4)
for _ in range(epochs):
    conv.train()
    for x, y in train:
        opt_conv.zero_grad()
        loss = cross_entropy(conv(x), y)
        loss.backward()
        opt_conv.step()
conv.eval()
correct_conv = 0
total_conv = 0
with torch.no_grad():
    for x, y in valid:
        correct_conv += (conv(x).argmax(dim=1) == y).sum().item()
        total_conv += len(y)
accuracy_conv = correct_conv / total_conv
print("conv", accuracy_conv)
