// Sweeps of RcppML's MatrixFactorization::fit: the package's own `project`, with W, H, X and its transpose kept between calls.
// [[Rcpp::plugins(openmp)]]
// [[Rcpp::depends(RcppML, RcppEigen)]]
#include <RcppML.hpp>
#include <chrono>
#include <fstream>
#include <memory>

namespace {
std::unique_ptr<RcppML::SparseMatrix> sparse, sparse_turned;
Eigen::MatrixXd dense, dense_turned, w, h;
unsigned int threads = 2;

void load(const std::string& path, Eigen::MatrixXd& into) {
  std::ifstream(path, std::ios::binary).read(reinterpret_cast<char*>(into.data()), into.size() * sizeof(double));
}
void save(const std::string& path, const Eigen::MatrixXd& from) {
  std::ofstream(path, std::ios::binary).write(reinterpret_cast<const char*>(from.data()), from.size() * sizeof(double));
}
}  // namespace

// [[Rcpp::export]]
void set_dense(const std::string& path, int rows, int cols) {
  dense.resize(rows, cols);
  load(path, dense);
  dense_turned = dense.transpose();
}

// [[Rcpp::export]]
void set_sparse(const Rcpp::S4& x) {
  sparse = std::make_unique<RcppML::SparseMatrix>(x);
  sparse_turned = std::make_unique<RcppML::SparseMatrix>(sparse->t());
}

// [[Rcpp::export]]
void set_threads(int of) {
  threads = of;
}

// [[Rcpp::export]]
void start(const std::string& w_path, const std::string& h_path, int rank) {
  w.resize(rank, sparse ? sparse->rows() : dense.rows());
  h.resize(rank, sparse ? sparse->cols() : dense.cols());
  load(w_path, w);
  load(h_path, h);
}

// [[Rcpp::export]]
double sweep(int sweeps) {
  const auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < sweeps; ++i) {
    if (sparse) {
      project(*sparse, w, h, true, 0, threads, false);
      project(*sparse_turned, h, w, true, 0, threads, false);
    } else {
      project(dense, w, h, true, 0, threads, false);
      project(dense_turned, h, w, true, 0, threads, false);
    }
  }
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
}

// [[Rcpp::export]]
void factors(const std::string& w_path, const std::string& h_path) {
  save(w_path, w);
  save(h_path, h);
}
